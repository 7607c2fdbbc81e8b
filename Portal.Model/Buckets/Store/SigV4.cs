using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Model.Buckets;

/// <summary>
/// AWS Signature Version 4 for what Amazon's client cannot ask: the admin API, and a bucket's settings as the documents they are. Its own
/// signer wants its own request types. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
/// </summary>
public static class SigV4
{
    /// <summary>The query as it is signed and must be sent: sorted, with nothing left unescaped that RFC 3986 does not leave.</summary>
    public static string Query(IEnumerable<KeyValuePair<string, string>> parameters) =>
        string.Join(
            '&',
            parameters
                .Select(pair => (Key: Uri.EscapeDataString(pair.Key), Value: Uri.EscapeDataString(pair.Value)))
                .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .ThenBy(pair => pair.Value, StringComparer.Ordinal)
                .Select(pair => $"{pair.Key}={pair.Value}")
        );

    /// <summary>
    /// Adds <c>x-amz-date</c>, for S3 <c>x-amz-content-sha256</c>, and <c>Authorization</c>. Signs what there is of <c>x-amz-…</c> as well,
    /// as S3 wants it.
    /// </summary>
    /// <param name="body">What is sent; nothing unless told.</param>
    public static void Sign(
        HttpRequestMessage request,
        StoreKey key,
        string region,
        string service,
        DateTimeOffset now,
        ReadOnlySpan<byte> body = default
    )
    {
        var hash = Hex(SHA256.HashData(body));
        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var scope = $"{time[..8]}/{region}/{service}/aws4_request";
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["host"] = request.RequestUri!.Authority,
            ["x-amz-date"] = time,
        };
        if (service is "s3")
        {
            headers["x-amz-content-sha256"] = hash;
        }

        foreach (var (name, value) in headers.Where(header => header.Key is not "host"))
        {
            request.Headers.Add(name, value);
        }

        foreach (var (name, values) in request.Headers.Where(header => header.Key.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase)))
        {
            headers[name.ToLowerInvariant()] = string.Join(',', values).Trim();
        }

        var signed = string.Join(';', headers.Keys);
        var canonical = string.Join(
            '\n',
            request.Method.Method,
            request.RequestUri.AbsolutePath,
            request.RequestUri.Query.TrimStart('?'),
            string.Concat(headers.Select(header => $"{header.Key}:{header.Value}\n")),
            signed,
            hash
        );
        var text = string.Join('\n', "AWS4-HMAC-SHA256", time, scope, Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))));
        var signature = Hex(Hmac(scope.Split('/').Aggregate(Encoding.UTF8.GetBytes("AWS4" + key.Secret), Hmac), text));
        request.Headers.TryAddWithoutValidation(
            "Authorization",
            $"AWS4-HMAC-SHA256 Credential={key.AccessKeyId}/{scope}, SignedHeaders={signed}, Signature={signature}"
        );
    }

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
