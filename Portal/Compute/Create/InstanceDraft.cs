using Portal.Model.Compute;
using Portal.Model.Volumes;

namespace Portal.Compute;

/// <summary>
/// The create page as the tab keeps it, so that a reload loses nothing and makes nothing twice. User data is in it, since the tab has it in
/// its field anyway and it may be long work; a private key is not.
/// </summary>
/// <param name="Token">The request's, by which what it made is found again.</param>
/// <param name="IsSent">Create was pressed, and no answer has come.</param>
public sealed record InstanceDraft(string Token, bool IsSent, InstanceForm Form)
{
    /// <summary>It came from a browser: what a page could not have kept is not shown.</summary>
    public bool IsSane =>
        this
            is {
                Token.Length: > 0 and <= 64,
                Form:
                {
                    Name.Length: <= 300,
                    ImageId: not null,
                    SizeId: not null,
                    UserData.Length: <= Model.Compute.UserData.MaxTyped,
                    PublicKey.Length: <= 20_000,
                    Volumes.Count: <= VolumeDevices.Most,
                    Count: > 0 and <= CreateInstance.MaxCount,
                    Tags.Count: <= 100
                } form,
            }
        && Enum.IsDefined(form.Key)
        && form.Volumes.All(row => row is { Size: not null, TypeId: not null })
        && form.Tags.All(tag => tag is { Key: not null, Value: not null });
}
