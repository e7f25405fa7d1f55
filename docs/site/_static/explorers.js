/* Explorers on a page without a kernel: shows the drawing for what the reader has set.
   Without this script the still frame stays. */
"use strict";

function explorer(data) {
  const told = JSON.parse(data.textContent);
  const figure = data.closest(".cell_output").querySelector("figure.kit-frame");
  const image = figure.querySelector("img");
  const caption = figure.querySelector("figcaption em");
  const at = [...told.start];
  const box = document.createElement("div");
  box.className = "explorer";
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", told.title);
  caption.setAttribute("role", "status");

  function show() {
    const [picture, sentence] = told.states[at.join(",")];
    image.src = told.pictures[picture];
    image.alt = sentence;
    if (caption.textContent !== sentence) caption.textContent = sentence;
  }

  told.axes.forEach((axis, n) => {
    const label = document.createElement("label");
    const name = document.createElement("span");
    const value = document.createElement("span"); // the slider says it, as its aria-valuetext
    value.className = "value";
    const slider = document.createElement("input");
    slider.type = "range";
    slider.min = 0;
    slider.max = axis.values.length - 1;
    slider.value = at[n];
    slider.setAttribute("aria-label", axis.name);
    name.textContent = axis.name;
    const set = () => {
      at[n] = Number(slider.value);
      value.textContent = axis.values[at[n]];
      slider.setAttribute("aria-valuetext", axis.values[at[n]]);
      show();
    };
    slider.addEventListener("input", set);
    label.append(name, slider, value);
    box.append(label);
    set();
    if (n === told.axes.length - 1) {
      // a click on the drawing takes the next step of what moves most
      image.style.cursor = "pointer";
      image.title = `Click: next ${axis.name}`;
      image.addEventListener("click", () => {
        slider.value = (at[n] + 1) % axis.values.length;
        set();
      });
    }
  });
  const heading = document.createElement("p");
  heading.className = "explorer-title";
  heading.textContent = told.title;
  figure.prepend(heading);
  image.after(box);
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("script.explorer-states").forEach(explorer);
});
