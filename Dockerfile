# The launcher's image: what its ECS task runs. Build: npm run build && docker build .
# On AWS it runs as user 1000 on a read-only root file system (components/launcher.ts).
FROM public.ecr.aws/docker/library/node:22.23.3-slim
ENV NODE_ENV=production
WORKDIR /app
COPY dist/launcher/ ./
USER 1000
CMD ["node", "index.js"]
