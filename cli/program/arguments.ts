import { InvalidArgumentError } from 'commander';
import { dayMs, hourMs, minuteMs, parseTimestamp } from '../../schemas/time.ts';
import { suggest } from '../config/did-you-mean.ts';
import { orgNamePattern } from '../config/org.ts';
import { type Stage, stageNames } from '../stage.ts';

/** Parsers of option values. What they throw is printed by commander with the option's name, and ends with 64. */
export const parsePort = (text: string): number => {
  const port = parseWhole(text);
  if (port > 65_535) throw new InvalidArgumentError('A port is at most 65535; 0 takes any free one.');
  return port;
};

export const parseWhole = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Give a whole number of 0 or more.');
  return Number(text);
};

export const parsePositive = (text: string): number => {
  const number = Number(text);
  if (!/^\d+(?:\.\d+)?$/.test(text) || number <= 0) throw new InvalidArgumentError('Give a number above 0.');
  return number;
};

export const parseCount = (text: string): number => {
  const count = parseWhole(text);
  if (count === 0) throw new InvalidArgumentError('Give a whole number above 0.');
  return count;
};

/** A UTC time in milliseconds. Seconds and a fraction may be left out. */
export const parseMoment = (text: string): number => {
  const time = parseTimestamp(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}Z$/.test(text) ? text.replace('Z', ':00Z') : text);
  if (time === undefined) throw new InvalidArgumentError('Give a UTC time such as 2026-03-01T12:00:00Z.');
  return time;
};

export const collectMoment = (text: string, earlier: readonly number[] = []): readonly number[] => [
  ...earlier,
  parseMoment(text),
];

const units: Readonly<Record<string, number>> = { m: minuteMs, h: hourMs, d: dayMs };

/** `5m`, `1h`, `1d` in milliseconds: whole minutes, because readings stand at whole minutes. */
export const parseDuration = (text: string): number => {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const duration = Number(count ?? 0) * (units[unit ?? ''] ?? 0);
  if (duration === 0) throw new InvalidArgumentError('Give whole minutes, hours or days: 5m, 1h, 1d.');
  return duration;
};

export const parseOrgName = (text: string): string => {
  if (!orgNamePattern.test(text))
    throw new InvalidArgumentError('An org name has letters, digits, dot, dash and underscore.');
  return text;
};

const isStage = (text: string): text is Stage => (stageNames as readonly string[]).includes(text);

/** Stages with commas between, in addition to those given before; each once, in the order of the flow. */
export const collectStages = (text: string, earlier: readonly Stage[] = []): readonly Stage[] => {
  const named = text.split(',').map((name) => name.trim());
  const unknown = named.find((name) => !isStage(name));
  if (unknown !== undefined) throw new InvalidArgumentError(suggest(unknown, stageNames));
  return stageNames.filter((stage) => earlier.includes(stage) || named.includes(stage));
};
