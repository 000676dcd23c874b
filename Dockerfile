# Kriver for distributed mode: all commands, without the embedded ClickHouse engine, which is half a gigabyte.
# The digest is what several public projects pin this tag to: docker buildx imagetools inspect node:20.20.2-bookworm-slim
ARG NODE=node:20.20.2-bookworm-slim@sha256:2cf067cfed83d5ea958367df9f966191a942351a2df77d6f0193e162b5febfc0

# The compiler needs the types of every dependency, the engine's too.
FROM ${NODE} AS build
WORKDIR /kriver
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

# The engine is taken out of package.json and lock file by name: --omit=optional would also leave out the binary of lmdb.
FROM ${NODE} AS dependencies
WORKDIR /kriver
COPY package.json package-lock.json .npmrc ./
RUN npm uninstall --package-lock-only --no-audit --no-fund chdb \
  && npm ci --omit=dev --no-audit --no-fund \
  && node -e "require('lmdb')"

FROM ${NODE}
LABEL org.opencontainers.image.title="Kriver" \
  org.opencontainers.image.description="Turns an Okta org's audit stream and posture into seven Key Risk Indicators, continuously and exactly."
ENV NODE_ENV=production KRIVER_DATA_DIR=/data
WORKDIR /kriver
RUN mkdir --mode=0700 /data /simulation && chown node:node /data /simulation
COPY --from=dependencies /kriver/package.json ./
COPY --from=dependencies /kriver/node_modules ./node_modules
COPY --from=build /kriver/dist ./dist
COPY bin ./bin
COPY docker/healthcheck.mjs ./docker/healthcheck.mjs
USER node
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --start-interval=3s --retries=3 \
  CMD ["node", "docker/healthcheck.mjs"]
ENTRYPOINT ["node", "bin/kriver.mjs"]
CMD ["--help"]
