# Of the same system, for who keeps a copy of it elsewhere: docker build --build-arg BASE=registry.example/node:24 .
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No package's script runs: none of these needs its own, and whoever takes a package over could use it.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/*.mjs ./scripts/
COPY src ./src
RUN node scripts/build.mjs

FROM ${BASE} AS production-packages
WORKDIR /app
COPY package.json package-lock.json ./
# A package behind Bull Board names the compiler as an optional peer, so npm takes 31 MB that no process loads
# for a production dependency. What is left out on purpose is missing to `npm sbom`, unless nobody asks for it.
# Typings and source maps are half of what packages weigh, and no process reads them.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && npm pkg delete devDependencies \
  && npm sbom --omit=dev --sbom-format=cyclonedx > sbom.json \
  && rm -rf node_modules/typescript node_modules/@typescript \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

FROM ${BASE}
# A container's loopback cannot be reached from outside it, so the product's safe default would be no use. What it prints
# is kept by who runs it, and its own disk may be read-only.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8000 \
    LOG_DIR=-
WORKDIR /app
COPY package.json ./
COPY --from=production-packages /app/sbom.json ./
COPY --from=production-packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# Under its name on the PATH, so that `docker exec CONTAINER order-pipeline keys list` is what the messages say.
COPY deploy/image/order-pipeline /usr/local/bin/order-pipeline
# The program belongs to root: whoever breaks into the process cannot rewrite it.
RUN mkdir .data && chown node:node .data
USER node
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8000) + '/health').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["order-pipeline"]
# Every role in one process, with the Redis and the SQS the environment names: the image carries no Redis of
# its own. Replace it by bridge, worker or api to scale them apart.
CMD ["all"]
