namespace Portal.Storage;

// What uploads/*.js and the web say to each other, as JSON.

/// <param name="UploadId">Of the multipart upload that this file began earlier, perhaps before a reload.</param>
/// <param name="Replace">Over an object that is there already.</param>
public sealed record UploadFile(string Key, long Size, string? Type, string? UploadId, bool Replace);

public sealed record BeginUploads(IReadOnlyList<UploadFile> Files);

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

public sealed record UploadPlans(IReadOnlyList<UploadPlan> Files);

public sealed record SignParts(string Key, string UploadId, IReadOnlyList<int> Parts);

public sealed record SignedParts(IReadOnlyList<string> Urls);

public sealed record CompleteUpload(string Key, string UploadId, long Size, long PartSize);

/// <param name="Missing">Parts that did not arrive; null when the object is there.</param>
public sealed record CompletedUpload(IReadOnlyList<int>? Missing);

public sealed record AbortUpload(string Key, string UploadId);
