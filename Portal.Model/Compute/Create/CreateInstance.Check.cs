using Portal.Model.Shared;
using Portal.Model.Volumes;

namespace Portal.Model.Compute;

public sealed partial class CreateInstance
{
    public const int MaxCount = 10;

    /// <summary>What can be said of the request without looking anything up.</summary>
    public static Outcome Check(NewInstances request)
    {
        Outcome[] outcomes =
        [
            ResourceName.Check(request.Name),
            request.Count is >= 1 and <= MaxCount ? Outcome.Done : Refusal.Invalid($"One request makes 1 to {MaxCount} instances."),
            ResourceName.Check(ResourceName.Of(request.Name.Trim(), request.Count - 1, request.Count)),
            request.PublicKey is null || request.KeyPairId is not null ? Outcome.Done : SshPublicKey.Parse(request.PublicKey).Refusal,
            UserData.Check(request.UserData),
            request.Volumes.Count <= VolumeDevices.Most ? Outcome.Done : Refusal.Limit(VolumeDevices.NoMore),
            .. request.Volumes.Select(volume => Volume.CheckSize(volume.SizeGiB)),
            Tags.Check(request.Tags),
            request.RequestToken.Length is > 0 and <= 64 ? Outcome.Done : Refusal.Invalid("The form is damaged: reload the page."),
        ];
        return outcomes.FirstOrDefault(outcome => !outcome.IsDone);
    }
}
