// Spans of time as people say them.

const secondMs = 1_000;
const minuteMs = 60_000;
const hourMs = 3_600_000;

/** `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`. */
export function durationText(ms: number): string {
  if (ms < 10 * secondMs) return `${(Math.max(0, ms) / secondMs).toFixed(1)} s`;
  if (ms < minuteMs) return `${Math.round(ms / secondMs)} s`;
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)} min ${Math.floor((ms % minuteMs) / secondMs)} s`;
  return `${Math.floor(ms / hourMs)} h ${Math.floor((ms % hourMs) / minuteMs)} min`;
}

const dayMs = 24 * hourMs;

/** As exactly as one needs to know how long ago something was: `40 s`, `12 min`, `3 h 5 min`, `6 days`. */
export function roughDuration(ms: number): string {
  if (ms < minuteMs) return `${Math.floor(Math.max(0, ms) / secondMs)} s`;
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)} min`;
  if (ms >= 2 * dayMs) return `${Math.floor(ms / dayMs)} days`;
  const minutes = Math.floor((ms % hourMs) / minuteMs);
  return `${Math.floor(ms / hourMs)} h${minutes === 0 ? '' : ` ${minutes} min`}`;
}
