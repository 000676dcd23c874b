"""Recounts the KRIs of a folder of recorded Okta objects, from the definitions alone.

Shares no code with the project. Usage: recount.py FOLDER
Prints one JSON object: {"asOf": T or null, "events": {...}, "posture": {...}} where each KRI is
[draxis numerator, draxis denominator, corrected numerator, corrected denominator], and what was unusable.
"""
import datetime as dt
import json
import os
import re
import sys

folder = sys.argv[1]
DAY = dt.timedelta(hours=24)


def load(name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        if name.endswith(".jsonl"):
            return [json.loads(line) for line in file if line.strip()]
        return json.load(file)


def when(text):
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text):
            return None
        return dt.datetime.fromisoformat(text[:19]).replace(microsecond=int((text[20:-1] or "0")[:3].ljust(3, "0")) * 1000)
    except (ValueError, TypeError):
        return None


def get(value, *path):
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def newest(objects, key):
    kept = {}
    for one in objects:
        name = key(one)
        if name is None:
            continue
        if name not in kept or (one.get("lastUpdated") or "") >= (kept[name].get("lastUpdated") or ""):
            kept[name] = one
    return list(kept.values())


def behaviours(event):
    pairs = [(b.get("name"), b.get("result")) for b in get(event, "securityContext", "userBehaviors") or []]
    text = get(event, "debugContext", "debugData", "behaviors")
    if isinstance(text, str):
        pairs += re.findall(r"([^=]+)=([A-Z_]+)(?:, |$)", text.strip("{}"))
    logged = get(event, "debugContext", "debugData", "logOnlySecurityData")
    try:
        pairs += list((json.loads(logged).get("behaviors") or {}).items())
    except (TypeError, ValueError, AttributeError):
        pass
    return pairs


def usable(identifier):
    return identifier not in (None, "", "unknown")


def recount_events(events):
    good = {}
    for event in events:
        if when(event.get("published")) and event.get("uuid") and event.get("eventType"):
            good[(event["published"], event["uuid"])] = event
    bad = len([e for e in events if not (when(e.get("published")) and e.get("uuid") and e.get("eventType"))])
    if not good:
        return None, {"unusable": bad}
    last = max(when(e["published"]) for e in good.values())
    floor = last.replace(second=0, microsecond=0)
    as_of = floor if floor == last else floor + dt.timedelta(minutes=1)
    window = [e for e in good.values() if as_of - DAY < when(e["published"]) <= as_of]
    week = [e for e in good.values() if as_of - 7 * DAY < when(e["published"]) <= as_of]
    contains = sum("velocity" in str(get(e, "debugContext", "debugData", "behaviors") or "").lower() for e in window)
    sign_ins = set()
    for event in window:
        if any("velocity" in (name or "").lower() and result == "POSITIVE" for name, result in behaviours(event)):
            for kind, value in (
                ("r", get(event, "debugContext", "debugData", "authnRequestId")),
                ("t", get(event, "transaction", "id")),
                ("s", get(event, "authenticationContext", "externalSessionId")),
                ("u", event["uuid"]),
            ):
                if usable(value):
                    sign_ins.add((kind, value))
                    break
    people = any(
        e["eventType"] in ("user.session.start", "policy.evaluate_sign_on", "user.authentication.verify") for e in week
    )
    evaluated = any(behaviours(e) for e in week)
    travel = [None] * 4 if people and not evaluated else [contains, None, len(sign_ins), None]
    classic = [e for e in window if e["eventType"] == "user.mfa.okta_verify.deny_push"]
    engine = [
        e
        for e in window
        if e["eventType"] == "user.authentication.auth_via_mfa"
        and get(e, "outcome", "result") == "FAILURE"
        and get(e, "debugContext", "debugData", "pushOnlyResponseType") == "OV_RESPONSE_DENY"
    ]
    sessions = 0
    identifiers = {get(e, "authenticationContext", "externalSessionId") for e in window}
    for identifier in identifiers:
        if not usable(identifier) or identifier.startswith("trs"):
            continue
        times = {
            kind: [
                when(e["published"])
                for e in window
                if e["eventType"] == kind and get(e, "authenticationContext", "externalSessionId") == identifier
            ]
            for kind in ("user.session.access_admin_app", "user.session.end")
        }
        starts, ends = times.values()
        sessions += bool(starts and ends and min(ends) - min(starts) > dt.timedelta(hours=8))
    return as_of.isoformat() + ".000Z", {
        "unusable": bad,
        "okta_impossible_travel_24h": travel,
        "okta_failed_mfa_push_24h": [len(classic), None, len(classic) + len(engine), None],
        # No recording holds a start older than the window, so both definitions agree where both find nothing.
        "okta_admin_session_outliers_24h": [sessions, None, sessions, None],
    }


def owner(factor):
    for relation, pattern in (("user", r"/users/([^/?#]+)$"), ("self", r"/users/([^/]+)/factors/")):
        found = re.search(pattern, str(get(factor, "_links", relation, "href") or ""))
        if found:
            return found.group(1)
    return None


def recount_people(users, factors):
    people = newest(users, lambda user: user.get("id"))
    active = {user["id"] for user in people if user.get("status") == "ACTIVE"}
    known = {user["id"] for user in people}
    owned = [f for f in factors if owner(f) in known]
    mine = {user: [] for user in active}
    for factor in newest(owned, lambda f: (owner(f), f.get("id"))):
        if owner(factor) in mine:
            mine[owner(factor)].append(factor)
    live = lambda f: f.get("status") == "ACTIVE"
    fido = lambda f: f.get("factorType") in ("webauthn", "u2f") or f.get("provider") == "FIDO"
    draxis = [u for u in active if any(live(f) and f["factorType"] not in ("password", "question") for f in mine[u])]
    fixed = [
        u for u in active if any(live(f) and f["factorType"] not in ("password", "question", "email") for f in mine[u])
    ]
    strong = [u for u in draxis if any(fido(f) for f in mine[u])]
    fixed_strong = [u for u in fixed if any(live(f) and (fido(f) or f["factorType"] == "signed_nonce") for f in mine[u])]
    result = {"unattributed": len(factors) - len(owned)}
    if active:
        result["okta_mfa_adoption_pct"] = [len(draxis), len(active), len(fixed), len(active)]
    if draxis:
        result["okta_phish_resistant_mfa_pct"] = [len(strong), len(draxis), len(fixed_strong), len(fixed)]
    return result


STRONG = ("webauthn", "signed_nonce", "cert")


def demands(thing):
    return get(thing, "phishingResistant") == "REQUIRED" or get(thing, "userVerification") == "REQUIRED"


def strong_method(method):
    return demands(method) or str(method.get("method") or method.get("key")).lower() in STRONG or method.get("key") == "webauthn"


def strong_possession(possession):
    if not isinstance(possession, dict):
        return False
    methods = [strong_method(m) for m in possession.get("authenticationMethods") or []]
    names = [str(m).lower() in STRONG for m in possession.get("methods") or []]
    return demands(possession) or (bool(methods) and all(methods)) or (not methods and bool(names) and all(names))


def recount_rules(policies, rules):
    by_id = {p["id"]: p for p in newest(policies, lambda p: p.get("id")) if p.get("type") == "ACCESS_POLICY"}
    draxis = corrected = 0
    for rule in newest([r for r in rules if r.get("type") == "ACCESS_POLICY"], lambda r: r.get("id")):
        sign_on = get(rule, "actions", "appSignOn") or {}
        if rule.get("status") != "ACTIVE" or sign_on.get("access") != "ALLOW":
            continue
        method = sign_on.get("verificationMethod")
        one = method is None or method.get("factorMode") == "1FA"
        draxis += one
        found = re.search(r"/policies/([^/]+)/rules/", str(get(rule, "_links", "self", "href") or ""))
        policy = by_id.get(found.group(1) if found else None)
        if policy and (
            policy.get("status") != "ACTIVE"
            or get(policy, "_embedded", "resourceType") == "END_USER_ACCOUNT_MANAGEMENT"
        ):
            continue
        if method is None:
            corrected += 1
        elif method.get("factorMode") == "1FA":
            constraints = method.get("constraints") or []
            corrected += not (constraints and all(strong_possession(get(c, "possession")) for c in constraints))
        elif method.get("type") == "AUTH_METHOD_CHAIN":
            corrected += any(
                not chain.get("next") and not all(strong_method(m) for m in chain.get("authenticationMethods") or [])
                for chain in method.get("chains") or []
            )
    return {"okta_app_policy_exceptions": [draxis, None, corrected, None]}


events, users, factors = load("events.jsonl"), load("users.json"), load("factors.json")
policies, rules = load("policies.json"), load("policy-rules.json")
as_of, counted = recount_events(events) if events is not None else (None, {})
posture = {}
if users is not None and factors is not None:
    posture.update(recount_people(users, factors))
if rules is not None:
    posture.update(recount_rules(policies or [], rules))
print(json.dumps({"asOf": as_of, "events": counted, "posture": posture}))
