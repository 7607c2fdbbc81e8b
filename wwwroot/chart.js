// Tells the values under the pointer. All that it needs stands in the chart: the lines' coordinates, and what they stand for.
const tip = document.createElement('div');
tip.className = 'chart-tip';
tip.setAttribute('aria-hidden', 'true');
const mark = document.createElement('div');
mark.className = 'chart-mark';
mark.setAttribute('aria-hidden', 'true');

document.addEventListener('pointermove', event => {
  const svg = event.target.closest?.('.chart-plot svg');
  if (!svg) {
    tip.remove();
    mark.remove();
    return;
  }
  const box = svg.getBoundingClientRect();
  const x = (event.clientX - box.left) / box.width * 1000;
  const lines = [...svg.querySelectorAll('.chart-line')].reverse()
    .map(path => ({ label: path.dataset.label, point: nearest(path, x) }))
    .filter(line => line.point);
  if (lines.length === 0) {
    tip.remove();
    mark.remove();
    return;
  }
  const { from, to, top, unit } = svg.dataset;
  const at = lines.map(line => line.point[0]).reduce((a, b) => Math.abs(b - x) < Math.abs(a - x) ? b : a);
  const time = new Date(Number(from) + at / 1000 * (Number(to) - Number(from)));
  tip.replaceChildren(row(`${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`), ...lines.filter(line => line.point[0] === at)
    .map(line => row(`${lines.length > 1 ? line.label + ': ' : ''}${say((1 - line.point[1] / 100) * Number(top), unit)}`)));
  const left = box.left + at / 1000 * box.width;
  mark.style.cssText = `left:${left}px;top:${box.top}px;height:${box.height}px`;
  document.body.append(mark, tip);
  const tipLeft = Math.max(4, Math.min(left + 10, innerWidth - tip.offsetWidth - 4));
  tip.style.cssText = `left:${tipLeft}px;top:${Math.max(4, box.top - tip.offsetHeight - 6)}px`;
});

function row(text) {
  const line = document.createElement('div');
  line.textContent = text;
  return line;
}

const read = new WeakMap();
function nearest(path, x) {
  const d = path.getAttribute('d');
  if (read.get(path)?.d !== d) {
    read.set(path, { d, points: [...d.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(found => [Number(found[1]), Number(found[2])]) });
  }
  const { points } = read.get(path);
  let low = 0, high = points.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle][0] < x) low = middle; else high = middle;
  }
  return points.length === 0 ? null : Math.abs(points[high][0] - x) < Math.abs(points[low][0] - x) ? points[high] : points[low];
}

// The same words as Metrics.Quantity has.
function say(value, unit) {
  const short = (number, digits) => Number(number.toFixed(digits)).toLocaleString('en-US', { maximumFractionDigits: digits });
  if (unit === 'Percent') return `${short(value, 1)} %`;
  if (unit === 'PerSecond') return `${short(value, 1)} per second`;
  for (const [size, name] of [[1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB']]) if (value >= size) return `${short(value / size, 2)} ${name}/s`;
  return `${short(value, 0)} B/s`;
}
