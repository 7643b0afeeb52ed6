// One question to the gateway; it fails soon, and in one way.

export class NoAnswer extends Error {
  constructor(status, problems) {
    super(`answer ${status}`);
    this.status = status;
    this.problems = problems;
  }
}

const LIMIT_MS = 6_000;

export async function ask(path, body) {
  const options = {signal: AbortSignal.timeout(LIMIT_MS)};
  if (body) {
    options.method = "POST";
    options.headers = {"Content-Type": "application/json"};
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new NoAnswer(0, []);
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new NoAnswer(answer.status, told.problems ?? []);
  return told;
}
