import { z } from 'zod';

const text = z.string().nullish();

/**
 * One System Log event on the wire (Okta: GET /api/v1/logs, `LogEvent`). Only what identifies an event is required:
 * Okta adds keys and enum values without notice, omits null properties, and sends null for whole sub-objects
 * (`target`, `outcome`), so everything else is optional and unknown keys pass.
 */
export const logEventSchema = z
  .looseObject({
    uuid: z.string().min(1).describe('Identifies the event together with published.'),
    published: z.string().describe('When it happened, ISO 8601 in UTC with milliseconds.'),
    eventType: z.string().min(1).describe('For example user.session.start.'),
    severity: text,
    displayMessage: text,
    legacyEventType: text,
    version: z.union([z.string(), z.number()]).nullish(),
    actor: z.looseObject({ id: text, type: text, alternateId: text, displayName: text }).nullish(),
    client: z.looseObject({ geographicalContext: z.looseObject({ country: text }).nullish() }).nullish(),
    authenticationContext: z.looseObject({ externalSessionId: text, rootSessionId: text }).nullish(),
    outcome: z.looseObject({ result: text, reason: text }).nullish(),
    securityContext: z
      .looseObject({ userBehaviors: z.array(z.looseObject({ name: text, result: text })).nullish() })
      .nullish(),
    debugContext: z
      .looseObject({
        debugData: z
          .looseObject({
            behaviors: z.unknown().optional().describe('A Java map as text: {Velocity=NEGATIVE, New Device=POSITIVE}.'),
            logOnlySecurityData: text.describe('JSON as text: {"risk":{…},"behaviors":{"Velocity":"NEGATIVE"}}.'),
            authnRequestId: text,
            endedSessionId: text,
            factor: text,
            pushOnlyResponseType: text,
          })
          .nullish(),
      })
      .nullish(),
    target: z.array(z.looseObject({ id: text, type: text, alternateId: text, displayName: text })).nullish(),
    transaction: z
      .looseObject({ id: text, type: text, detail: z.looseObject({ requestApiTokenId: text }).nullish() })
      .nullish(),
  })
  .describe("One System Log event, Okta's own bytes.");
