// A word list: narrows the shipped lines to those that hold what is typed.
const filter = document.getElementById("shipped-filter");
const lines = [...document.querySelectorAll("#shipped-lines li")];

filter.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  for (const line of lines) line.hidden = !line.textContent.toLowerCase().includes(wanted);
});
filter.addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.preventDefault();
});
