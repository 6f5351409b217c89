// Sliders beside numbers: each moves the other; letting a slider go plays the scenario.
(() => {
  const slides = () => document.querySelectorAll("input[data-slides]");
  slides().forEach((slider) => {
    const number = document.getElementById(slider.dataset.slides);
    if (!number) return;
    slider.hidden = false;
    slider.value = number.value || 1;
    slider.addEventListener("input", () => { number.value = slider.value; });
    slider.addEventListener("change", () => number.form.requestSubmit());
    number.addEventListener("input", () => { slider.value = number.value || 1; });
  });
})();
