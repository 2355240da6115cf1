// Moments as people say them, in the visitor's own zone and on a 24-hour clock.

const HOUR = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

export function clockTime(at, language) {
  return new Intl.DateTimeFormat(language, HOUR).format(at);
}

// 今天, 昨天, 11月20日, and with the year when it is not this one.
export function dayWords(at, now, language, say) {
  const days = daysBetween(at, now);
  if (days === 0) return say("today");
  if (days === 1) return say("yesterday");
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const parts = { month: "long", day: "numeric", ...(!sameYear && { year: "numeric" }) };
  return new Intl.DateTimeFormat(language, parts).format(at);
}

export function sameDay(one, other) {
  return daysBetween(one, other) === 0;
}

// Whole days of the calendar; noon keeps a change of summer time from making a day too short.
function daysBetween(at, now) {
  return Math.round((noon(now) - noon(at)) / 86_400_000);
}

function noon(moment) {
  const day = new Date(moment);
  return Date.UTC(day.getFullYear(), day.getMonth(), day.getDate(), 12);
}
