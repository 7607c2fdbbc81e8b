using System.Net;
using System.Net.Mime;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Amazon.Runtime;
using Amazon.S3;
using Portal.Model.Buckets;

namespace Portal.Buckets;

/// <summary>
/// A bucket's settings as the documents that S3 keeps, read and written whole. Amazon's client makes types of its own of them: it throws at
/// what it does not expect, such as the lifecycle rules that RADOS Gateway answers, and what its types lack is lost without a word when the
/// rest is written back.
/// </summary>
/// <param name="patience">How long to wait for the store.</param>
public sealed class BucketDocuments(Uri endpoint, string signingRegion, StoreKey key, string bucket, TimeSpan patience, TimeProvider clock)
{
    /// <summary>A thousand rules with long names are some megabytes.</summary>
    private const long Largest = 8 << 20;

    private static readonly HttpClient Http = new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        }
    )
    {
        MaxResponseContentBufferSize = Largest,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Without namespaces; null if nothing is set. Throws what <see cref="StorageFault"/> knows.</summary>
    /// <param name="name">S3's own for it, e.g. <c>lifecycle</c>.</param>
    public async Task<XElement?> ReadAsync(string name, CancellationToken ct)
    {
        var (status, body) = await SendAsync(HttpMethod.Get, name, null, ct);
        if (status is HttpStatusCode.NotFound && Code(body) is not "NoSuchBucket")
        {
            return null;
        }

        return Check(status, body) ?? throw new IOException("What S3 answered is not XML.");
    }

    public async Task WriteAsync(string name, XElement document, CancellationToken ct)
    {
        var (status, body) = await SendAsync(HttpMethod.Put, name, S3Xml.ForS3(document).ToString(SaveOptions.DisableFormatting), ct);
        Check(status, body);
    }

    public async Task DeleteAsync(string name, CancellationToken ct)
    {
        var (status, body) = await SendAsync(HttpMethod.Delete, name, null, ct);
        Check(status, body);
    }

    /// <summary>
    /// How many objects are in it at this moment and how many bytes, which RADOS Gateway says with each look at the bucket itself; null if
    /// the store does not say it, or nothing at all.
    /// </summary>
    public async Task<BucketHolding?> CountAsync(CancellationToken ct)
    {
        try
        {
            using var answer = await AskAsync(HttpMethod.Head, null, null, ct);
            return
                answer.IsSuccessStatusCode
                && Number(answer, "X-RGW-Object-Count") is { } objects
                && Number(answer, "X-RGW-Bytes-Used") is { } bytes
                ? new BucketHolding(objects, bytes)
                : null;
        }
        catch (Exception error) when (StorageFault.Is(error))
        {
            return null;
        }
    }

    private static long? Number(HttpResponseMessage answer, string header) =>
        answer.Headers.TryGetValues(header, out var values)
        && long.TryParse(
            values.FirstOrDefault(),
            System.Globalization.NumberStyles.None,
            System.Globalization.CultureInfo.InvariantCulture,
            out var number
        )
            ? number
            : null;

    private static XElement? Check(HttpStatusCode status, byte[] body) =>
        (int)status is >= 200 and < 300
            ? Parse(body)
            : throw new AmazonS3Exception($"S3 answered {(int)status}.", ErrorType.Unknown, Code(body), null, status);

    private static string Code(byte[] body) => Parse(body)?.Element("Code")?.Value ?? "";

    private static XElement? Parse(byte[] body)
    {
        try
        {
            using var stream = new MemoryStream(body);
            using var reader = XmlReader.Create(stream);
            return S3Xml.Plain(XElement.Load(reader));
        }
        catch (XmlException)
        {
            return null;
        }
    }

    private async Task<(HttpStatusCode Status, byte[] Body)> SendAsync(HttpMethod method, string name, string? text, CancellationToken ct)
    {
        using var answer = await AskAsync(method, name, text, ct);
        return (answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(ct));
    }

    private async Task<HttpResponseMessage> AskAsync(HttpMethod method, string? name, string? text, CancellationToken ct)
    {
        var body = Encoding.UTF8.GetBytes(text ?? "");
        using var request = new HttpRequestMessage(method, new Uri(endpoint, $"/{bucket}{(name is null ? "" : $"?{name}=")}"));
        if (text is not null)
        {
            request.Content = new ByteArrayContent(body)
            {
                Headers = { ContentType = new(MediaTypeNames.Application.Xml), ContentMD5 = Digest(body) },
            };
        }

        SigV4.Sign(request, key, signingRegion, "s3", clock.GetUtcNow(), body);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(ct);
        waiting.CancelAfter(patience);
        try
        {
            return await Http.SendAsync(request, waiting.Token);
        }
        catch (OperationCanceledException late) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException("S3 did not answer in time.", late);
        }
    }

#pragma warning disable CA5351 // S3 demands it of what changes a bucket; it protects against broken lines and nobody.
    private static byte[] Digest(byte[] body) => MD5.HashData(body);
#pragma warning restore CA5351
}

/// <param name="Objects">Versions included.</param>
public sealed record BucketHolding(long Objects, long Bytes);
