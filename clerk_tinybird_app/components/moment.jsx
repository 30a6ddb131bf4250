// The time that has passed in this tab. The monotonic clock can stop while the machine sleeps, and
// the wall clock can be set. The longer time of both is used, so that old data never looks new.
export const moment = () => ({ steady: performance.now(), wall: Date.now() });

export const earlier = ({ steady, wall }, ms) => ({ steady: steady - ms, wall: wall - ms });

export const msSince = ({ steady, wall }) =>
  Math.max(performance.now() - steady, Date.now() - wall);

// The time of day by the viewer's own clock, in `zone` or else the viewer's own.
export const timeOfDay = ({ wall }, zone) => {
  try {
    return new Date(wall).toLocaleTimeString("en-GB", { timeZone: zone || undefined });
  } catch {
    // The server knows a zone that this browser does not.
    return new Date(wall).toLocaleTimeString("en-GB");
  }
};

// The IANA name of the viewer's own time zone.
export const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";

const JUMP_MS = 3_000;

// Whether the machine has slept, or its clock was set, since that moment.
export const hasJumped = ({ steady, wall }) =>
  Math.abs(Date.now() - wall - (performance.now() - steady)) > JUMP_MS;
