# Two images from one build: `docker build --target portal .` and `docker build --target worker .`
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt BannedSymbols.Typed.txt .editorconfig package.json package-lock.json ./
COPY Portal/Portal.csproj Portal/packages.lock.json Portal/
COPY Portal.Model/Portal.Model.csproj Portal.Model/packages.lock.json Portal.Model/
COPY Portal.Worker/Portal.Worker.csproj Portal.Worker/packages.lock.json Portal.Worker/
# CI=true holds the restore to the lock files.
ENV CI=true
RUN dotnet restore Portal && dotnet restore Portal.Worker
COPY . .
RUN dotnet publish Portal -c Release -o /out/portal --no-restore \
 && dotnet publish Portal.Worker -c Release -o /out/worker --no-restore

FROM mcr.microsoft.com/dotnet/aspnet:10.0 AS portal
WORKDIR /app
COPY --from=build /out/portal .
USER $APP_UID
# Without this of the base image, which ASPNETCORE_URLS overrides with a warning at each start.
ENV ASPNETCORE_HTTP_PORTS= ASPNETCORE_URLS=http://+:8080
# Mount the file that `new-wrapping-key` made as a secret that user $APP_UID can read, e.g. --mount type=bind,src=…,dst=/run/secrets/portal-key-ring,ro
ENV KeyRing__File=/run/secrets/portal-key-ring
EXPOSE 8080
ENTRYPOINT ["dotnet", "Portal.dll"]

# The worker beside a libvirt host: it talks to libvirt's socket and enters the private networks' namespaces, so docs/operating.md says what to give it.
FROM mcr.microsoft.com/dotnet/aspnet:10.0 AS worker
RUN apt-get update && apt-get install -y --no-install-recommends libvirt0 qemu-utils genisoimage iproute2 nftables dnsmasq-base && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /out/worker .
USER $APP_UID
# Without this of the base image, which ASPNETCORE_URLS overrides with a warning at each start.
ENV ASPNETCORE_HTTP_PORTS= ASPNETCORE_URLS=http://+:8080
ENV KeyRing__File=/run/secrets/portal-key-ring
EXPOSE 8080
ENTRYPOINT ["dotnet", "Portal.Worker.dll"]
