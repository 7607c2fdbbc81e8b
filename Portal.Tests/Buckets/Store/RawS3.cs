using System.Net;
using System.Security.Cryptography;
using System.Text;
using Portal.Model.Buckets;

namespace Portal.Tests.Buckets;

/// <summary>S3 as it goes over the wire: what other tools can send and Amazon's client cannot.</summary>
public sealed class RawS3(string endpoint, StoreKey key) : IDisposable
{
    private readonly HttpClient http = new();

    public static string Digest(string text) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    public Task<RawAnswer> GetAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, path, null, headers);

    public Task<RawAnswer> HeadAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Head, path, null, headers);

    public Task<RawAnswer> PutAsync(string path, string body = "", params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Put, path, body, headers);

    public Task<RawAnswer> PostAsync(string path, string body = "", params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, body, headers);

    public Task<RawAnswer> DeleteAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Delete, path, null, headers);

    public void Dispose() => http.Dispose();

    /// <param name="path">As it is sent, whatever dots and slashes are in it.</param>
    private async Task<RawAnswer> SendAsync(HttpMethod method, string path, string? body, (string Name, string Value)[] headers)
    {
        var bytes = Encoding.UTF8.GetBytes(body ?? "");
        using var request = new HttpRequestMessage(
            method,
            new Uri(endpoint + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })
        );
        if (body is not null)
        {
#pragma warning disable CA5351 // S3 demands it of what changes a bucket.
            request.Content = new ByteArrayContent(bytes) { Headers = { ContentMD5 = MD5.HashData(bytes) } };
#pragma warning restore CA5351
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        SigV4.Sign(request, key, "us-east-1", "s3", TimeProvider.System.GetUtcNow(), bytes);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return new RawAnswer(
            answer.StatusCode,
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            answer.Headers.ToDictionary(header => header.Key, header => header.Value.First(), StringComparer.OrdinalIgnoreCase)
        );
    }
}

public sealed record RawAnswer(HttpStatusCode Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public bool IsDone => (int)Status is >= 200 and < 300;
}
