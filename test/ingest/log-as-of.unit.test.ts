import { describe, expect, it } from 'vitest';
import { pageAsOf } from '../../ingest/log-as-of.ts';

describe('pageAsOf', () => {
  it('of an empty page is the Date of the response', () => {
    expect(pageAsOf({ dateMs: 500, publishedMs: [], full: false, size: 0 })).toBe(500);
  });

  it('of a short page is the newest event, wherever it stands, but not after the Date', () => {
    expect(pageAsOf({ dateMs: 500, publishedMs: [100, 300, 200], full: false, size: 3 })).toBe(300);
    expect(pageAsOf({ dateMs: 500, publishedMs: [100, 900], full: false, size: 2 })).toBe(500);
  });

  it('of a full page is the median, so that one event from the future carries nothing over', () => {
    expect(pageAsOf({ dateMs: 500, publishedMs: [499, 100, 101, 102, 103], full: true, size: 5 })).toBe(102);
    expect(pageAsOf({ dateMs: 500, publishedMs: [100, 200], full: true, size: 2 })).toBe(100);
    expect(pageAsOf({ dateMs: 50, publishedMs: [100, 200, 300], full: true, size: 3 })).toBe(50);
  });

  it('says nothing when no event of the page has a usable date', () => {
    expect(pageAsOf({ dateMs: 500, publishedMs: [], full: false, size: 2 })).toBeUndefined();
    expect(pageAsOf({ dateMs: 500, publishedMs: [], full: true, size: 2 })).toBeUndefined();
  });
});
