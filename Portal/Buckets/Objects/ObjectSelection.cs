using System.Runtime.CompilerServices;
using Amazon.S3.Model;

namespace Portal.Buckets;

/// <summary>Which objects are meant: some files and folders by their names, or all whose keys begin with something, except some.</summary>
public sealed record ObjectSelection
{
    /// <summary>Keys; one that ends with a slash means everything in that folder.</summary>
    public IReadOnlyList<string> Names { get; private init; } = [];

    public string? AllUnder { get; private init; }

    public static ObjectSelection Of(params IReadOnlyList<string> names) => new() { Names = names };

    public static ObjectSelection All(string prefix, IReadOnlyList<string> except) => new() { AllUnder = prefix, Names = except };

    /// <summary>Each key that is meant, read as S3 lists them.</summary>
    public async IAsyncEnumerable<string> KeysAsync(OpenBucket bucket, [EnumeratorCancellation] CancellationToken ct)
    {
        if (AllUnder is { } prefix)
        {
            await foreach (var key in UnderAsync(bucket, prefix, ct))
            {
                if (!Names.Any(except => IsIn(key, except)))
                {
                    yield return key;
                }
            }

            yield break;
        }

        foreach (var name in Names)
        {
            if (!name.EndsWith('/'))
            {
                yield return name;
                continue;
            }

            await foreach (var key in UnderAsync(bucket, name, ct))
            {
                yield return key;
            }
        }
    }

    private static bool IsIn(string key, string name) =>
        key == name || (name.EndsWith('/') && key.StartsWith(name, StringComparison.Ordinal));

    private static async IAsyncEnumerable<string> UnderAsync(
        OpenBucket bucket,
        string prefix,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        string? token = null;
        do
        {
            var page = await bucket.S3.ListObjectsV2Async(
                new ListObjectsV2Request
                {
                    BucketName = bucket.Name,
                    Prefix = prefix,
                    ContinuationToken = token,
                },
                ct
            );
            foreach (var found in page.S3Objects ?? [])
            {
                yield return found.Key;
            }

            token = page.IsTruncated is true ? page.NextContinuationToken : null;
        } while (token is not null);
    }
}
