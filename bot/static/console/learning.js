// Ticks all wordings at once, or none if all were.
document.querySelector("[data-tick-all]")?.addEventListener("click", (event) => {
  const boxes = [...event.target.form.querySelectorAll('input[type="checkbox"]')];
  const all = boxes.every((box) => box.checked);
  for (const box of boxes) box.checked = !all;
});
