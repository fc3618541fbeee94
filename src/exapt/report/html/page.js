"use strict";
(function () {
  const root = document.documentElement;
  const modes = ["auto", "light", "dark"];
  const button = document.getElementById("theme");
  const show = function (mode) {
    if (mode === "auto") delete root.dataset.theme;
    else root.dataset.theme = mode;
    document.getElementById("theme-name").textContent = mode;
  };
  let mode = "auto";
  try { mode = localStorage.getItem("exapt-theme") || "auto"; } catch (error) { /* pages opened from disk may have no storage */ }
  if (!modes.includes(mode)) mode = "auto";
  show(mode);
  button.hidden = false;
  button.addEventListener("click", function () {
    mode = modes[(modes.indexOf(mode) + 1) % modes.length];
    show(mode);
    try { localStorage.setItem("exapt-theme", mode); } catch (error) { /* the choice then holds for this visit */ }
  });

  const select = function (node) {
    const range = document.createRange();
    range.selectNodeContents(node);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };
  document.querySelectorAll("button.copy").forEach(function (copy) {
    copy.hidden = false;
    copy.addEventListener("click", function () {
      const code = copy.parentElement.querySelector("code");
      select(code);
      const done = function () {
        copy.textContent = "Copied";
        setTimeout(function () { copy.textContent = "Copy"; }, 1500);
      };
      if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(code.textContent).then(done, done);
      else if (document.execCommand("copy")) done();
    });
  });

  const contents = document.querySelector("nav details");
  if (matchMedia("(max-width: 60rem)").matches) contents.open = false;
  let closed = [];
  addEventListener("beforeprint", function () {
    closed = Array.from(document.querySelectorAll("main details:not([open])"));
    closed.forEach(function (part) { part.open = true; });
  });
  addEventListener("afterprint", function () { closed.forEach(function (part) { part.open = false; }); });
})();
