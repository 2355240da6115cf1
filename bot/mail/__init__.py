"""Mail: read, judged, threaded, answered and sent."""
