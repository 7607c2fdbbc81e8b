using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;

namespace Portal.Operators;

/// <summary>An image as an operator typed it.</summary>
public sealed class NewImage
{
    public string Name { get; set; } = "";

    public string Url { get; set; } = "";

    public string Sha256 { get; set; } = "";

    public string SshUser { get; set; } = "debian";

    public int MinDiskGiB { get; set; } = 4;

    public int MinMemoryMiB { get; set; } = 512;

    public bool IsHttps => Uri.TryCreate(Url.Trim(), UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps;

    /// <summary>Why it cannot be added, as a sentence; null if it can.</summary>
    public string? WhyNot =>
        this switch
        {
            _ when string.IsNullOrWhiteSpace(Name) => "Give it a name.",
            _ when Name.Length > 255 => "A name has at most 255 characters.",
            _ when Url.Length > 2048
                    || !Uri.TryCreate(Url.Trim(), UriKind.Absolute, out var url)
                    || url.Scheme is not ("https" or "http")
                    || url.UserInfo.Length > 0 => "The address must begin with https:// or http://.",
            _ when !IpText.IsAsTyped(new Uri(Url.Trim())) =>
                $"The address leads to {new Uri(Url.Trim()).Host}, which is not what it says: write four decimal numbers without leading zeros.",
            _ when Sha256.Trim() is not { Length: 64 } sum || !sum.All(char.IsAsciiHexDigit) =>
                "The SHA-256 sum has 64 hexadecimal digits; the image's publisher tells it.",
            _ when SshUser.Trim() is not [>= 'a' and <= 'z' or '_', ..] user
                    || user.Length > 32
                    || !user.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '-') =>
                "The SSH user is a Linux user's name, such as debian.",
            { MinDiskGiB: < 1 or > 2048 } => "The least disk is between 1 and 2048 GiB.",
            { MinMemoryMiB: < 64 or > 1_048_576 } => "The least memory is between 64 MiB and 1 TiB.",
            _ => null,
        };
}

/// <summary>What operators do with images. The worker of the region fetches a new one and makes it available, or says why not.</summary>
public sealed class ImageCatalogue(IDbContextFactory<PortalDb> dbs, IHostEnvironment environment, TimeProvider clock)
{
    private const string Region = "local";

    [OperatorVerb(OperatorRole.Infrastructure)]
    public async Task<Outcome> AddAsync(Actor actor, NewImage draft, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(ct);

        // On a laptop it may lie on the laptop.
        if (
            (
                await db.WhyNotOperatorAsync(actor, OperatorRole.Infrastructure, now, ct)
                ?? Refusal.Invalid(
                    draft.WhyNot ?? (environment.IsDevelopment() || draft.IsHttps ? null : "The address must begin with https://.")
                )
            ) is
            { } refusal
        )
        {
            return refusal;
        }

        var id = ResourceIds.New("ami");
        var image = new Image
        {
            Id = id,
            RegionId = Region,
            Name = draft.Name.Trim(),
            SshUser = draft.SshUser.Trim(),
            FileName = $"{id}.qcow2",
            Url = draft.Url.Trim(),
            Sha256 = draft.Sha256.Trim().ToLowerInvariant(),
            MinDiskGiB = draft.MinDiskGiB,
            MinMemoryMiB = draft.MinMemoryMiB,
            State = ImageState.Preparing,
            CreatedAt = now,
        };
        db.Add(image);
        db.Add(
            actor.Audit(
                now,
                "RegisterImage",
                id,
                after: new
                {
                    image.Name,
                    image.Url,
                    image.Sha256,
                }
            )
        );
        await db.SaveChangesAsync(ct);
        return Outcome.Done;
    }

    [OperatorVerb(OperatorRole.Infrastructure)]
    public async Task<Outcome> RetireAsync(Actor actor, string id, CancellationToken ct)
    {
        await using var db = await dbs.CreateDbContextAsync(ct);
        if (await db.WhyNotOperatorAsync(actor, OperatorRole.Infrastructure, clock.GetUtcNow(), ct) is { } notAllowed)
        {
            return notAllowed;
        }

        if (await db.Images.FindAsync([id], ct) is not { } image)
        {
            return Refusal.NotFound("There is no such image.");
        }

        if (WhyNotRetire(image) is { } reason)
        {
            return Refusal.State(reason);
        }

        db.Add(
            actor.Audit(
                clock.GetUtcNow(),
                "DeregisterImage",
                id,
                new { State = Status(image.State) },
                new { State = Status(ImageState.Retired) }
            )
        );
        image.State = ImageState.Retired;
        await db.SaveChangesAsync(ct);
        return Outcome.Done;
    }

    public static string? WhyNotRetire(Image image) => image.State is ImageState.Retired ? "It is retired already." : null;

    /// <summary>A state as it is written on pages, which is also its mark's class.</summary>
    public static string Status(ImageState state) =>
        state switch
        {
            ImageState.Preparing => "preparing",
            ImageState.Available => "available",
            ImageState.Failed => "failed",
            _ => "retired",
        };
}
