import type { ComposeFile, Service } from './compose-file.ts';

/** A job that ends, and that others may wait for. */
const isOnce = ({ restart }: Service): boolean => restart === 'no';

const tagOf = (image: string): string | undefined => /^[^@]*[^/@]*:([^/:@]+)(?:@|$)/.exec(image)?.[1];

/** Go's notation, which compose takes: 1m30s. The specification's schema takes any text. */
const duration = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;
const durationKeys = ['interval', 'timeout', 'start_period', 'start_interval'];

const sourceOf = (mount: string): string => mount.split(':', 1)[0] ?? '';

const findFaultsOf = (name: string, service: Service, file: ComposeFile): string[] => {
  const faults: string[] = [];
  const expectThat = (holds: boolean, fault: string) => {
    if (!holds) faults.push(`${name}: ${fault}`);
  };
  expectThat(service.privileged !== true && service.cap_add === undefined, 'asks for privileges');
  expectThat(service.cap_drop?.includes('ALL') === true, 'keeps capabilities');
  expectThat(service.security_opt?.includes('no-new-privileges:true') === true, 'can gain privileges');
  expectThat(service.read_only === true, 'can write its image');
  expectThat(/^[1-9]\d*:\d+$/.test(service.user ?? ''), 'may run as root');
  expectThat(service.mem_limit !== undefined, 'has no limit on memory');
  expectThat(/^\d/.test(tagOf(service.image ?? '') ?? ''), 'has an image without a version');
  expectThat(!/@(?!sha256:[0-9a-f]{64}$)/.test(service.image ?? ''), 'has a digest that is none');
  expectThat(service.restart !== undefined, 'does not say when it restarts');
  expectThat(
    isOnce(service) || service.build !== undefined || service.healthcheck?.['test'] !== undefined,
    'has no health check',
  );
  expectThat(service.build === undefined || service.init === true, 'has no init');
  expectThat(service.build === undefined || service.stop_grace_period === '15s', 'may be killed while it stops');
  for (const key of durationKeys) {
    const written = service.healthcheck?.[key];
    expectThat(written === undefined || duration.test(String(written)), `has ${written} as ${key}`);
  }
  for (const port of service.ports ?? []) expectThat(port.startsWith('127.0.0.1:'), `publishes ${port} to others`);
  for (const mount of service.volumes ?? [])
    expectThat(
      sourceOf(mount) in file.volumes || (mount.startsWith('./docker/') && mount.endsWith(':ro')),
      `mounts ${mount}, which is no declared volume`,
    );
  expectThat((service.networks === undefined) !== (service.network_mode === undefined), 'has no network of its own');
  for (const network of service.networks ?? []) expectThat(network in file.networks, `is in ${network}, undeclared`);
  for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
    const awaited = file.services[other];
    expectThat(awaited !== undefined, `waits for ${other}, which is not there`);
    const right = awaited !== undefined && isOnce(awaited) ? 'service_completed_successfully' : 'service_healthy';
    const shares = service.network_mode === `service:${other}`;
    expectThat(condition === (shares ? 'service_started' : right), `waits for ${other} by ${condition}`);
  }
  return faults;
};

/** What is wrong with a compose file that the specification allows: what we demand of each service of ours. */
export const findFaults = (file: ComposeFile): readonly string[] =>
  Object.entries(file.services).flatMap(([name, service]) => findFaultsOf(name, service, file));
