using System.Text.Json.Serialization;
using Portal.Model.Buckets;

namespace Portal.Buckets;

// What uploads/*.js and the web say to each other, as JSON. What a browser says may be anything: nothing in it is used before it is known
// to be within bounds.

/// <summary>Said by a browser.</summary>
public interface IFromBrowser
{
    /// <summary>Every member is there and no larger than what Portal's own pages send.</summary>
    [JsonIgnore]
    bool IsWithinBounds { get; }
}

/// <param name="UploadId">Of the multipart upload that this file began earlier, perhaps before a reload.</param>
/// <param name="Replace">Over an object that is there already.</param>
public sealed record UploadFile(string Key, long Size, string? Type, string? UploadId, bool Replace) : IFromBrowser
{
    /// <summary>Longer than S3 takes, so that the path of a file that lies too deep is refused by name.</summary>
    private const int LongestKey = 8 * 1024;

    private const int LongestType = 255;

    // A size that S3 does not take is a refusal of this file, with a sentence: see Uploads.
    [JsonIgnore]
    public bool IsWithinBounds =>
        Key is { Length: <= LongestKey }
        && Type is null or { Length: <= LongestType }
        && (UploadId is null || UploadBounds.IsUploadId(UploadId));
}

public sealed record BeginUploads(IReadOnlyList<UploadFile> Files) : IFromBrowser
{
    [JsonIgnore]
    public bool IsWithinBounds =>
        Files is { Count: > 0 and <= Uploads.MostFilesAtOnce } && Files.All(file => file is { IsWithinBounds: true });
}

/// <summary>How a file is to be sent: refused with a sentence, asked about, by one request to <see cref="Url"/>, or in parts.</summary>
public sealed record UploadPlan
{
    public string? Refused { get; init; }

    public bool Exists { get; init; }

    public string? Type { get; init; }

    public string? Url { get; init; }

    public string? UploadId { get; init; }

    public long PartSize { get; init; }

    /// <summary>Parts that are there already.</summary>
    public IReadOnlyList<int> Done { get; init; } = [];
}

/// <summary>Of the first files that were asked about, as many as one answer holds: the others are to be asked about again.</summary>
public sealed record UploadPlans(IReadOnlyList<UploadPlan> Files);

public sealed record SignParts(string Key, string UploadId, IReadOnlyList<int> Parts) : IFromBrowser
{
    [JsonIgnore]
    public bool IsWithinBounds =>
        UploadBounds.IsUpload(Key, UploadId)
        && Parts is { Count: > 0 and <= Uploads.MostPartsAtOnce }
        && Parts.All(part => part is > 0 and <= Uploads.MostParts);
}

/// <summary>Of the first parts that were asked about, as many as one answer holds.</summary>
public sealed record SignedParts(IReadOnlyList<string> Urls);

/// <param name="Size">Of the whole file; how large its parts are follows from it.</param>
public sealed record CompleteUpload(string Key, string UploadId, long Size) : IFromBrowser
{
    [JsonIgnore]
    public bool IsWithinBounds => UploadBounds.IsUpload(Key, UploadId) && Size is > 0 and <= Uploads.LargestObject;
}

/// <param name="Missing">Parts that did not arrive; null when the object is there.</param>
public sealed record CompletedUpload(IReadOnlyList<int>? Missing);

public sealed record AbortUpload(string Key, string UploadId) : IFromBrowser
{
    [JsonIgnore]
    public bool IsWithinBounds => UploadBounds.IsUpload(Key, UploadId);
}

internal static class UploadBounds
{
    /// <summary>Gateways make ids of some forty characters, Amazon of some hundred and thirty.</summary>
    private const int LongestUploadId = 256;

    public static bool IsUpload(string? key, string? uploadId) => ObjectKey.Check(key).IsDone && IsUploadId(uploadId);

    public static bool IsUploadId(string? text) => text is { Length: > 0 and <= LongestUploadId } && text.All(c => c is > ' ' and <= '~');
}
