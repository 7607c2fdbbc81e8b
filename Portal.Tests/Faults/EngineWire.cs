using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Portal.Model.Compute;
using Portal.Model.Monitoring;
using Portal.Model.Networking;
using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Tests.Faults;

/// <summary>
/// How a worker in another process reaches the engine in the tests' process: JSON over loopback. What is asked of it happens even if the
/// asker dies.
/// </summary>
internal static class EngineWire
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        IncludeFields = true,
        Converters = { new AddressConverter(), new NetworkConverter() },
    };

    public static async Task<T> ReadAsync<T>(Stream body, CancellationToken ct) =>
        (await JsonSerializer.DeserializeAsync<T>(body, Json, ct))!;

    public static HttpContent Content<T>(T value) => JsonContent.Create(value, options: Json);

    public static IResult Result<T>(T value) => Results.Json(value, Json);

    private sealed class AddressConverter : JsonConverter<IPAddress>
    {
        public override IPAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            IPAddress.Parse(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, IPAddress value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }

    private sealed class NetworkConverter : JsonConverter<IPNetwork>
    {
        public override IPNetwork Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            IPNetwork.Parse(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, IPNetwork value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}

internal sealed record InterfaceCall(string InstanceId, string NetworkId, InterfaceSpec Interface);

/// <summary>The engine's verbs that jobs and patrols use, asked of <see cref="EngineServer"/>.</summary>
internal sealed class RemoteEngine(HttpClient http) : IComputeEngine, INetworkEngine, IVolumeEngine, IMetricsEngine, IGuestEngine
{
    public Task<Applied> EnsureNetworkAsync(NetworkSpec network, CancellationToken ct) =>
        AskAsync<NetworkSpec, Applied>("network", network, ct);

    public Task<VolumeObservation> EnsureVolumeAsync(VolumeSpec volume, CancellationToken ct) =>
        AskAsync<VolumeSpec, VolumeObservation>("volume", volume, ct);

    public Task<VolumeObservation> ObserveVolumeAsync(string volumeId, CancellationToken ct) =>
        AskAsync<string, VolumeObservation>("observe-volume", volumeId, ct);

    public Task<VolumeObservation> EnsureAttachedAsync(VolumeAttachment volume, string instanceId, CancellationToken ct) =>
        AskAsync<(VolumeAttachment, string), VolumeObservation>("attach-volume", (volume, instanceId), ct);

    public Task<VolumeObservation> EnsureDetachedAsync(string volumeId, string instanceId, CancellationToken ct) =>
        AskAsync<(string, string), VolumeObservation>("detach-volume", (volumeId, instanceId), ct);

    public Task RemoveVolumeAsync(string volumeId, CancellationToken ct) => AskAsync<string, bool>("remove-volume", volumeId, ct);

    public Task<VolumeInventory> ListVolumesAsync(CancellationToken ct) => AskAsync<string, VolumeInventory>("list-volumes", "", ct);

    public Task<SnapshotObservation> EnsureSnapshotAsync(SnapshotSpec snapshot, CancellationToken ct) =>
        AskAsync<SnapshotSpec, SnapshotObservation>("snapshot", snapshot, ct);

    public Task RemoveSnapshotAsync(string snapshotId, CancellationToken ct) => AskAsync<string, bool>("remove-snapshot", snapshotId, ct);

    public Task<IReadOnlyList<string>> ListSnapshotsAsync(CancellationToken ct) =>
        AskAsync<string, IReadOnlyList<string>>("list-snapshots", "", ct);

    public Task<MachineObservation> EnsureMachineAsync(InstanceSpec instance, CancellationToken ct) =>
        AskAsync<InstanceSpec, MachineObservation>("machine", instance, ct);

    public Task<MachineObservation> ObserveAsync(InstanceSpec instance, CancellationToken ct) =>
        AskAsync<InstanceSpec, MachineObservation>("observe", instance, ct);

    public Task<IReadOnlyDictionary<string, MachineGlance>> ObserveAllAsync(CancellationToken ct) =>
        AskAsync<string, IReadOnlyDictionary<string, MachineGlance>>("observe-all", "", ct);

    public Task RemoveAsync(InstanceSpec instance, CancellationToken ct) => AskAsync<InstanceSpec, bool>("remove", instance, ct);

    public Task RemoveNetworkAsync(string networkId, CancellationToken ct) => AskAsync<string, bool>("remove-network", networkId, ct);

    public Task<bool> AttachInterfaceAsync(string instanceId, string networkId, InterfaceSpec networkInterface, CancellationToken ct) =>
        AskAsync<InterfaceCall, bool>("attach", new InterfaceCall(instanceId, networkId, networkInterface), ct);

    public Task<bool> DetachInterfaceAsync(string instanceId, InterfaceSpec networkInterface, CancellationToken ct) =>
        AskAsync<InterfaceCall, bool>("detach", new InterfaceCall(instanceId, "", networkInterface), ct);

    public Task<UplinkObservation> UplinkAsync(CancellationToken ct) => AskAsync<string, UplinkObservation>("uplink", "", ct);

    public Task<EngineInventory> ListAsync(CancellationToken ct) => AskAsync<string, EngineInventory>("list", "", ct);

    public Task<EngineCapacity> CapacityAsync(CancellationToken ct) => AskAsync<string, EngineCapacity>("capacity", "", ct);

    public Task<IReadOnlyList<string>> ImagesAsync(CancellationToken ct) => AskAsync<string, IReadOnlyList<string>>("images", "", ct);

    public Task FetchImageAsync(ImageSource source, IProgress<ImageProgress>? progress, CancellationToken ct) =>
        AskAsync<ImageSource, bool>("fetch", source, ct);

    public Task<Stream> OpenConsoleAsync(string instanceId, ConsoleKind kind, CancellationToken ct) =>
        throw new EngineException(EngineFault.Rejected, "This engine is asked from another process and has no console.");

    public Task<string> ReadSerialLogAsync(string instanceId, int maxBytes, CancellationToken ct) =>
        AskAsync<string, string>("log", instanceId, ct);

    public Task<IReadOnlyList<MachineCounters>> CountersAsync(CancellationToken ct) =>
        AskAsync<string, IReadOnlyList<MachineCounters>>("counters", "", ct);

    public Task SetPasswordAsync(string instanceId, string user, string hash, CancellationToken ct) =>
        AskAsync<(string, string, string), bool>("password", (instanceId, user, hash), ct);

    public Task SetKeyAsync(string instanceId, string user, string publicKey, string? former, CancellationToken ct) =>
        AskAsync<(string, string, string, string?), bool>("key", (instanceId, user, publicKey, former), ct);

    private async Task<TAnswer> AskAsync<TQuestion, TAnswer>(string verb, TQuestion question, CancellationToken ct)
    {
        try
        {
            using var content = EngineWire.Content(question);
            using var response = await http.PostAsync(new Uri(verb, UriKind.Relative), content, ct);
            if (!response.IsSuccessStatusCode)
            {
                throw new EngineException(
                    response.StatusCode is HttpStatusCode.NotFound ? EngineFault.Missing : EngineFault.Unavailable,
                    await response.Content.ReadAsStringAsync(ct)
                );
            }

            return await EngineWire.ReadAsync<TAnswer>(await response.Content.ReadAsStreamAsync(ct), ct);
        }
        catch (HttpRequestException error)
        {
            throw new EngineException(EngineFault.Unavailable, error.Message, error);
        }
    }
}
