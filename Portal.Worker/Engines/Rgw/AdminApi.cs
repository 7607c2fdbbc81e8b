using System.Text.Json;
using Portal.Model.Buckets;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Rgw;

/// <summary>RADOS Gateway's admin API over signed HTTP. https://docs.ceph.com/en/pacific/radosgw/adminops/</summary>
public sealed class AdminApi(HttpClient http, StoreAccess access, TimeProvider clock)
{
    /// <summary>The answer's JSON; undefined where it has none.</summary>
    public async Task<JsonElement> AskAsync(
        HttpMethod method,
        string resource,
        IEnumerable<(string Name, string Value)> parameters,
        CancellationToken ct
    )
    {
        var query = SigV4.Query(parameters.Append(("format", "json")).Select(pair => KeyValuePair.Create(pair.Item1, pair.Item2)));
        using var request = new HttpRequestMessage(method, new Uri(access.Endpoint, $"/admin/{resource}?{query}"));
        SigV4.Sign(request, access.Admin, access.SigningRegion, "s3", clock.GetUtcNow());
        try
        {
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            await using var body = await answer.Content.ReadAsStreamAsync(ct);
            using var memory = new MemoryStream();
            await body.CopyToAsync(memory, ct);
            return answer.IsSuccessStatusCode ? Json(memory.ToArray()) : throw RgwErrors.Of(answer.StatusCode, Code(memory.ToArray()));
        }
        catch (Exception error) when (RgwErrors.IsAway(error, ct))
        {
            throw new EngineException(EngineFault.Unavailable, "The object store does not answer.", error);
        }
    }

    private static JsonElement Json(byte[] body)
    {
        if (body.AsSpan().Trim(" \r\n\0"u8).IsEmpty)
        {
            return default;
        }

        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            // Something else answers at this address, or was cut off.
            throw new EngineException(
                EngineFault.Unavailable,
                "What answers at the object store's address does not speak its admin API.",
                error
            );
        }
    }

    private static string Code(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind is JsonValueKind.Object && document.RootElement.TryGetProperty("Code", out var code)
                ? code.GetString() ?? ""
                : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }
}
