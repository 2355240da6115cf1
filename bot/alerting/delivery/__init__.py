"""How what waits for each way of telling people goes out: at its peer's pace, and with every outcome kept."""
