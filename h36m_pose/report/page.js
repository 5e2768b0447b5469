"use strict";
// What the whole page shares: the switch between light and dark, colours, packed numbers, pictures.

const page = {
  /** The JSON of a section; null if the section is not there. */
  data(name) {
    const element = document.getElementById("data-" + name);
    return element ? JSON.parse(element.textContent) : null;
  },

  element(name) {
    return document.getElementById(name);
  },

  /** Base64 of little-endian numbers as a typed array. */
  unpack(text, Kind) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Kind(bytes.buffer);
  },

  colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  },

  picture(uri, whenThere) {
    const image = new Image();
    image.addEventListener("load", whenThere, { once: true });
    image.src = uri;
    return image;
  },

  /** Calls back when light turns dark or the other way round. */
  onTheme(call) {
    themeListeners.push(call);
  },
};

const themeListeners = [];

(function themeSwitch() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const tell = () => themeListeners.forEach((call) => call());
  page.element("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
    root.dataset.theme = dark ? "light" : "dark";
    tell();
  });
  system.addEventListener("change", tell);
})();
