// Notes, on the page's own clock, when something was last pressed and when the token was painted.
// Runs before the page's own scripts.
(() => {
  const marks = { pressed: 0, painted: null };
  window.benchmarkMarks = marks;
  document.addEventListener("click", (event) => { marks.pressed = event.timeStamp; }, true);
  const observer = new MutationObserver(() => {
    const shown = document.getElementById("tinybird-token");
    if (!shown || !/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(shown.textContent)) return;
    observer.disconnect();
    // A task after the frame's callbacks comes when the frame has been drawn.
    requestAnimationFrame(() => setTimeout(() => { marks.painted = performance.now(); }));
  });
  observer.observe(document, { subtree: true, childList: true, characterData: true });
})();
