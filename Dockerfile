# rosterd as an image: `docker build -t rosterd .` See docs/operations.md, "In a container".
# The tag names one Node exactly; where policy asks for it, pin it further by digest (NODE_IMAGE=node:...@sha256:...).
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# What runs. Prisma's tools come with @prisma/client only as an optional peer, so omitting `optional` keeps 250 MB out.
# No package needs its install script: the SQLite driver brings its binaries along.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
RUN ["npm", "ci", "--omit=dev", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"]

# The database clients, made from prisma/models.prisma by tools that are not needed later.
FROM ${NODE_IMAGE} AS clients
WORKDIR /build
COPY package.json package-lock.json ./
RUN ["npm", "ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"]
COPY prisma ./prisma/
RUN ["node", "prisma/generate.ts"]

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="rosterd" \
      org.opencontainers.image.description="Identity directory sync daemon for contact centres" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# A number, so that a platform can see that it is not root. The data folder passes its owner on to a new volume.
RUN ["install", "--directory", "--owner=10001", "--group=10001", "--mode=0700", "/var/lib/rosterd"]
WORKDIR /opt/rosterd
COPY --from=dependencies /build/node_modules ./node_modules/
COPY package.json LICENSE ./
COPY config ./config/
COPY prisma ./prisma/
COPY connectors ./connectors/
COPY src ./src/
COPY --from=clients /build/src/store/generated ./src/store/generated/

# Writable at run time: /var/lib/rosterd (SQLite; not needed with PostgreSQL) and /tmp (the private copy of a dry run, and
# compiled code). All else may be read-only. In /etc/rosterd there is the configuration with the audit key.
ENV NODE_ENV=production HOME=/var/lib/rosterd XDG_CACHE_HOME=/tmp
USER 10001:10001
STOPSIGNAL SIGTERM
EXPOSE 9464
# Alive, not ready: a database that is gone for a minute is no reason to start the process again.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# SIGUSR1 must not open a debugger.
ENTRYPOINT ["node", "--disable-sigusr1", "/opt/rosterd/src/main.ts"]
CMD ["serve"]
