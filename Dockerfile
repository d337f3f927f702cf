# Portico as an image; docs/containers.md says how it is run. Plain syntax: docker, podman and buildah build it alike.

# The pages, with all that building them takes. None of it stays.
FROM node:26-slim AS pages
WORKDIR /portico
COPY package.json package-lock.json .npmrc ./
COPY protocol/package.json protocol/
COPY ui/package.json ui/
RUN npm ci --workspace=ui --workspace=protocol --include-workspace-root=false --ignore-scripts --no-audit --no-fund
COPY protocol protocol
COPY ui ui
RUN npm run build --workspace=ui

# What the server needs from npm. The root's own packages, the pinned runtime among them, are for development and stay out.
FROM node:26-slim AS packages
WORKDIR /portico
COPY package.json package-lock.json .npmrc ./
COPY protocol/package.json protocol/
COPY server/package.json server/
COPY ui/package.json ui/
RUN npm ci --omit=dev --workspace=server --include-workspace-root=false --ignore-scripts --no-audit --no-fund

FROM node:26-slim
LABEL org.opencontainers.image.title="Portico" \
      org.opencontainers.image.description="One sign-in for all your web apps and games" \
      org.opencontainers.image.licenses="Apache-2.0"
# Nothing is installed in a running container: whoever gets into one should find no tool that fetches and builds. /data is open like /tmp, because a
# container may run as another user, and what is mounted over a folder takes its rights; what Portico writes there only its own user reads.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* /usr/local/bin/yarn* \
 && install -d -m 1777 /data
WORKDIR /portico
COPY --from=packages /portico ./
COPY protocol/src protocol/src
COPY server/bin server/bin
COPY server/data server/data
COPY server/migrations server/migrations
COPY server/src server/src
COPY --from=pages /portico/ui/dist ui/dist

ENV NODE_ENV=production \
    PORTICO_HOST=0.0.0.0 \
    PORTICO_PORT=4000 \
    PORTICO_DATA_DIR=/data
USER 1000:1000
VOLUME ["/data"]
EXPOSE 4000
STOPSIGNAL SIGTERM
# The command ends by itself within 3 s; the second limit is for a machine that does not even start it.
HEALTHCHECK --interval=15s --timeout=6s --start-period=30s --retries=3 CMD ["node", "/portico/server/bin/portico.js", "health"]
ENTRYPOINT ["node", "/portico/server/bin/portico.js"]
CMD ["start"]
