using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Portal.Model.Storage;

namespace Portal.Worker.Engines.Rgw;

/// <summary>
/// AWS Signature Version 4 for requests without a body, which is what the admin API takes. Amazon's own signer wants its own request types.
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
/// </summary>
public static class SigV4
{
    /// <summary>SHA-256 of nothing.</summary>
    private const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// <summary>The query as it is signed and must be sent: sorted, with nothing left unescaped that RFC 3986 does not leave.</summary>
    public static string Query(IEnumerable<KeyValuePair<string, string>> parameters) => string.Join('&', parameters
        .Select(pair => (Key: Uri.EscapeDataString(pair.Key), Value: Uri.EscapeDataString(pair.Value)))
        .OrderBy(pair => pair.Key, StringComparer.Ordinal).ThenBy(pair => pair.Value, StringComparer.Ordinal)
        .Select(pair => $"{pair.Key}={pair.Value}"));

    /// <summary>Adds <c>x-amz-date</c>, for S3 <c>x-amz-content-sha256</c>, and <c>Authorization</c>.</summary>
    public static void Sign(HttpRequestMessage request, StoreKey key, string region, string service, DateTimeOffset now)
    {
        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var scope = $"{time[..8]}/{region}/{service}/aws4_request";
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["host"] = request.RequestUri!.Authority, ["x-amz-date"] = time };
        if (service is "s3")
        {
            headers["x-amz-content-sha256"] = EmptyHash;
        }

        var signed = string.Join(';', headers.Keys);
        var canonical = string.Join('\n', request.Method.Method, request.RequestUri.AbsolutePath, request.RequestUri.Query.TrimStart('?'),
            string.Concat(headers.Select(header => $"{header.Key}:{header.Value}\n")), signed, EmptyHash);
        var text = string.Join('\n', "AWS4-HMAC-SHA256", time, scope, Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))));
        var signature = Hex(Hmac(scope.Split('/').Aggregate(Encoding.UTF8.GetBytes("AWS4" + key.Secret), Hmac), text));
        foreach (var (name, value) in headers.Where(header => header.Key is not "host"))
        {
            request.Headers.Add(name, value);
        }

        request.Headers.TryAddWithoutValidation("Authorization", $"AWS4-HMAC-SHA256 Credential={key.AccessKeyId}/{scope}, SignedHeaders={signed}, Signature={signature}");
    }

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
