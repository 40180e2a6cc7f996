"use strict";
const root = document.documentElement;
const search = document.getElementById("search");
const found = document.getElementById("found");
const entries = [...document.querySelectorAll("article, .declared tr")].map((element) => ({
  element,
  text: element.textContent.toLowerCase().replace(/\s+/g, " "),
}));
const groups = [...document.querySelectorAll("section, h3.group")];
const links = [...document.querySelectorAll("nav li")];

document.getElementById("theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});

// Every word must occur in an entry. What is left opens if there is little of it.
function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { element, text } of entries) {
    const hit = words.every((word) => text.includes(word));
    element.classList.toggle("hidden", !hit);
    count += hit;
  }
  for (const { element } of entries) {
    const few = words.length > 0 && count <= 12;
    for (const details of element.querySelectorAll("details.tree")) details.open = few;
  }
  for (const group of groups) {
    const inside = group.matches("section") ? group.querySelectorAll("article, .declared tr") : [];
    const empty = inside.length > 0 && ![...inside].some((each) => !each.classList.contains("hidden"));
    const aside = words.length > 0 && (group.matches("h3") || inside.length === 0);
    group.classList.toggle("hidden", empty || aside);
  }
  for (const link of links) {
    const target = document.getElementById(link.firstChild.hash.slice(1));
    link.classList.toggle("hidden", target.classList.contains("hidden"));
  }
  for (const intro of document.querySelectorAll(".intro, main > .note")) intro.classList.toggle("hidden", words.length > 0);
  for (const details of document.querySelectorAll("nav details")) {
    details.open = words.length > 0;
    details.classList.toggle("hidden", !details.querySelector("li:not(.hidden)"));
  }
  found.textContent = words.length ? `${count} found` : "";
}
search.addEventListener("input", filter);

addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape") {
    search.value = "";
    filter();
  }
});
