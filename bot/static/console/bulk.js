// Many entries at once: the bar appears with the first entry that is ticked, and shows what its act needs.
import { say } from "./words.js";

const form = document.getElementById("bulk");
if (form) {
  const bar = document.getElementById("bulk-bar");
  const act = document.getElementById("bulk-act");
  const boxes = [...form.querySelectorAll('input[name^="pick/"]')];
  const page = form.querySelector("[data-pick-all]");
  const all = form.querySelector("input[name=all]");

  const show = () => {
    const picked = boxes.filter((box) => box.checked).length;
    bar.hidden = picked === 0 && !all?.checked;
    bar.querySelector("[data-bulk-count]").textContent = say("picked", { count: picked });
    page.checked = picked === boxes.length;
    page.indeterminate = picked > 0 && picked < boxes.length;
    for (const field of bar.querySelectorAll("[data-for]")) field.hidden = field.dataset.for !== act.value;
  };

  page.addEventListener("change", () => {
    for (const box of boxes) box.checked = page.checked;
    show();
  });
  form.addEventListener("change", show);
  show();
}
