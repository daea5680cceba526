// The timeline: positions are percentages of its width, so to zoom is to widen it.
ready(() => {
  const track = byId('track');
  if (!track) return;
  const canvas = byId('canvas');
  const maxZoom = 32;
  const labels = all('.lanes svg', canvas).map((svg) => ({
    svg, text: svg.firstChild, from: parseFloat(svg.getAttribute('x')) / 100, part: parseFloat(svg.getAttribute('width')) / 100,
  }));
  const minLabel = 48; // pixels; a narrower label would be a letter or two
  let zoom = 1;

  // settle keeps the label visible when a bar begins left of the visible part.
  const settle = () => {
    const width = canvas.offsetWidth;
    for (const { text, from, part } of labels) {
      const hidden = track.scrollLeft - from * width;
      text.setAttribute('x', hidden > 0 && hidden < part * width - minLabel ? hidden + 4 : 4);
    }
  };
  track.addEventListener('scroll', () => requestAnimationFrame(settle));

  // scale zooms around the time at a distance from the left edge, which stays in its place.
  const scale = (to, at = track.clientWidth / 2) => {
    to = Math.min(maxZoom, Math.max(1, to));
    const moment = (track.scrollLeft + at) / canvas.offsetWidth;
    zoom = to;
    canvas.dataset.zoom = zoom;
    canvas.style.width = `${zoom * 100}%`;
    const width = canvas.offsetWidth;
    track.scrollLeft = moment * width - at;
    for (const { svg, part } of labels) svg.classList.toggle('narrow', part * width < minLabel);
    settle();
    byId('zoom-out').disabled = byId('zoom-all').disabled = zoom === 1;
    byId('zoom-in').disabled = zoom === maxZoom;
  };
  byId('zoom-in').addEventListener('click', () => scale(zoom * 2));
  byId('zoom-out').addEventListener('click', () => scale(zoom / 2));
  byId('zoom-all').addEventListener('click', () => scale(1));
  track.addEventListener('keydown', (event) => {
    if (event.key === '+' || event.key === '=') scale(zoom * 2);
    else if (event.key === '-') scale(zoom / 2);
    else if (event.key === '0') scale(1);
    else return;
    event.preventDefault();
  });
  track.addEventListener('wheel', (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    scale(event.deltaY < 0 ? zoom * 2 : zoom / 2, event.clientX - track.getBoundingClientRect().left);
  }, { passive: false });
  track.addEventListener('click', (event) => {
    const bar = event.target.closest('[data-cell]');
    if (bar) go(`#cell-${bar.dataset.cell}`);
  });
  scale(1);
  addEventListener('resize', () => scale(zoom));
});
