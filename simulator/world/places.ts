/** Where people are and what they browse with: the `client` part of events, which is half of their size. */
export interface Place {
  city: string;
  state: string;
  country: string;
  postalCode: string;
  latitude: number;
  longitude: number;
  /** The first three parts of its addresses; all are documentation ranges (RFC 5737 and RFC 2544). */
  network: string;
  asNumber: number;
  asOrg: string;
  domain: string;
}

const place = (
  city: string,
  state: string,
  country: string,
  postalCode: string,
  latitude: number,
  longitude: number,
  network: string,
  asNumber: number,
  asOrg: string,
  domain: string,
): Place => ({ city, state, country, postalCode, latitude, longitude, network, asNumber, asOrg, domain });

export const homePlaces: readonly Place[] = [
  place(
    'Madrid',
    'Madrid',
    'Spain',
    '28005',
    40.4143,
    -3.7016,
    '198.18.10',
    3352,
    'telefonica de espana',
    'rima-tde.net',
  ),
  place('Zürich', 'Zurich', 'Switzerland', '8001', 47.3667, 8.55, '198.18.11', 3303, 'swisscom', 'bluewin.ch'),
  place(
    'Raleigh',
    'North Carolina',
    'United States',
    '27607',
    35.797,
    -78.6865,
    '198.18.12',
    16591,
    'google fiber inc.',
    'googlefiber.net',
  ),
  place(
    'San Francisco',
    'California',
    'United States',
    '94107',
    37.7697,
    -122.3933,
    '198.18.13',
    7922,
    'comcast',
    'comcast.net',
  ),
  place(
    'Bengaluru',
    'Karnataka',
    'India',
    '560001',
    12.9716,
    77.5946,
    '198.18.14',
    24560,
    'bharti airtel ltd.',
    'airtel.in',
  ),
  place(
    'London',
    'England',
    'United Kingdom',
    'EC1A',
    51.5085,
    -0.1257,
    '198.18.15',
    2856,
    'british telecommunications plc',
    'bt.net',
  ),
];

export const farPlaces: readonly Place[] = [
  place('Lagos', 'Lagos', 'Nigeria', '100001', 6.4541, 3.3947, '198.19.20', 29465, 'mtn nigeria', 'mtnonline.com'),
  place(
    'São Paulo',
    'São Paulo',
    'Brazil',
    '01310',
    -23.5475,
    -46.6361,
    '198.19.21',
    28573,
    'claro s.a.',
    'virtua.com.br',
  ),
  place(
    'Singapore',
    'Central Singapore',
    'Singapore',
    '018989',
    1.2897,
    103.8501,
    '198.19.22',
    9506,
    'singtel fibre',
    'singnet.com.sg',
  ),
  place(
    'Melbourne',
    'Victoria',
    'Australia',
    '3000',
    -37.814,
    144.9633,
    '198.19.23',
    1221,
    'telstra limited',
    'bigpond.net.au',
  ),
  place(
    'Frankfurt am Main',
    'Hesse',
    'Germany',
    '60313',
    50.1155,
    8.6842,
    '203.0.113',
    16276,
    'ovh sas',
    'ip-203-0-113.eu',
  ),
];

export interface Agent {
  rawUserAgent: string;
  os: string;
  browser: string;
  device: 'Computer' | 'Mobile' | 'Unknown';
}

export const agents: readonly Agent[] = [
  {
    rawUserAgent:
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36',
    os: 'Mac OS X',
    browser: 'CHROME',
    device: 'Computer',
  },
  {
    rawUserAgent:
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.3351.83',
    os: 'Windows 10',
    browser: 'EDGE',
    device: 'Computer',
  },
  {
    rawUserAgent: 'Mozilla/5.0 (X11; Fedora; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    os: 'Linux',
    browser: 'FIREFOX',
    device: 'Computer',
  },
  {
    rawUserAgent:
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
    os: 'iOS (iPhone)',
    browser: 'SAFARI',
    device: 'Mobile',
  },
  {
    rawUserAgent: 'OktaVerify/9.42.0 com.okta.mobile/9.42.0 iOS/18.5',
    os: 'iOS (iPhone)',
    browser: 'UNKNOWN',
    device: 'Mobile',
  },
  { rawUserAgent: 'Microsoft Office/16.0 (Windows NT 10.0)', os: 'Windows 10', browser: 'UNKNOWN', device: 'Computer' },
];

/** An attacker chooses this header freely, so it must never reach a page unescaped. */
export const hostileAgent: Agent = {
  rawUserAgent: '<img src=x onerror="document.title=1">=cmd|/c calc!A1',
  os: 'Unknown',
  browser: 'UNKNOWN',
  device: 'Unknown',
};

export const scriptAgent: Agent = {
  rawUserAgent: 'okta-sdk-golang/5.0.6 golang/go1.24.4 linux/amd64',
  os: 'Linux',
  browser: 'UNKNOWN',
  device: 'Unknown',
};

export const toGeographicalContext = (place: Place) => ({
  city: place.city,
  state: place.state,
  country: place.country,
  postalCode: place.postalCode,
  geolocation: { lat: place.latitude, lon: place.longitude },
});
