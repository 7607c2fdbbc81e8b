using Portal.Model.Billing;
using Portal.Model.Compute;
using Portal.Model.Volumes;

namespace Portal.Compute;

/// <summary>What the create page's form has chosen of what is offered at the moment.</summary>
public sealed record InstanceChoice(InstanceForm Form, Catalogue Catalogue)
{
    public PrivateImage? Own => Catalogue.Own.FirstOrDefault(one => one.Id == Form.OwnImageId);

    /// <summary>What the disk begins as, if not as an image of the catalogue.</summary>
    public Snapshot? Begin => Own?.Snapshot ?? Source;

    public Snapshot? Source => Catalogue.Snapshots.FirstOrDefault(one => one.Id == Form.SnapshotId);

    /// <summary>What the catalogue offers, or no longer offers and the account has kept.</summary>
    public Image? Image => Own?.Base ?? Source?.Image ?? Catalogue.Images.FirstOrDefault(image => image.Id == Form.ImageId);

    public OfferedSize? Size => Catalogue.Sizes.FirstOrDefault(offer => offer.Size.Id == Form.SizeId);

    public OfferedSubnet? Subnet =>
        Catalogue.Subnets.FirstOrDefault(subnet => subnet.Id == Form.SubnetId) ?? (Catalogue.Subnets is [var first, ..] ? first : null);

    /// <summary>Those that were ticked, or the default group of the subnet's network.</summary>
    public HashSet<string> Groups =>
        Form.GroupIds
        ?? (Subnet is { } home ? [.. Catalogue.Groups[home.NetworkId].Where(group => group.IsDefault).Select(group => group.Id)] : []);

    public string Summary =>
        $"{Own?.Name ?? Source?.Name ?? Image?.Name ?? "No image is ready yet"}{(Size is { } size ? $" on {size.Size.Id}" : "")}";

    /// <summary>What is billed of it, once there is a size.</summary>
    public IReadOnlyList<Addition> Parts =>
        Size is { } offer ? Catalogue.Parts(offer.Size, Form.Count, Form.WithAddress, Form.Volumes) : [];

    /// <summary>Why it cannot be had; null if it can, as far as is known before it is asked for.</summary>
    public string? WhyNot =>
        this switch
        {
            { Catalogue.Confirmed: false } => "Confirm your e-mail address first.",
            { Catalogue.WhyNoBilling: { } reason } => reason,
            { Image: null } => "No image is ready yet.",
            { Own.WhyNot: { } reason } => reason,
            { Begin: null, Image.WhyNot: { } reason } => reason,
            { Size: null } => "Choose a size.",
            { Subnet: null } => "You have no network to put it into: create one first.",
            { Groups.Count: 0 } => "Choose a security group: without one nothing gets in or out.",
            _ => CreateInstance.WhyNotWithinQuota(Catalogue.Account, Catalogue.Used, Size!.Size, Form.Count)
                ?? Form.Volumes.Select(row => row.WhyNot(Catalogue.VolumeSnapshots)).OfType<string>().FirstOrDefault()
                ?? Catalogue.WhyNot(Size!.Size, Image, Form.Count, Begin, Form.Volumes.Sum(row => row.GiB ?? 0))
                ?? Form.NameProblem,
        };

    /// <summary>Whether an image of this id of the catalogue's, and neither one of one's own nor a snapshot, is chosen.</summary>
    public bool IsOfCatalogue(string imageId) => imageId == Form.ImageId && Begin is null;

    public void ChooseImage(string id)
    {
        (Form.ImageId, Form.OwnImageId, Form.SnapshotId) = (id, null, null);
        SettleSize();
    }

    public void ChooseSnapshot(Snapshot snapshot)
    {
        (Form.ImageId, Form.OwnImageId, Form.SnapshotId) = (snapshot.ImageId!, null, snapshot.Id);
        SettleSize();
    }

    public void ChooseOwn(PrivateImage own)
    {
        (Form.OwnImageId, Form.SnapshotId) = (own.Id, null);
        SettleSize();
    }

    public void ChooseSubnet(string? id)
    {
        var before = Subnet?.NetworkId;
        Form.SubnetId = id;
        Form.GroupIds = Subnet?.NetworkId == before ? Form.GroupIds : null;
    }

    public void Tick(string groupId, bool on)
    {
        var chosen = new HashSet<string>(Groups, StringComparer.Ordinal);
        _ = on ? chosen.Add(groupId) : chosen.Remove(groupId);
        Form.GroupIds = chosen;
    }

    /// <summary>Keeps what was chosen if it still can be had, else takes what can.</summary>
    public void Settle()
    {
        Form.ImageId = Source?.ImageId ?? Form.ImageId;
        if (Begin is null && (Image is null || Image.WhyNot is not null))
        {
            Form.ImageId = Catalogue.DefaultImage?.Id ?? "";
        }

        SettleSize();
    }

    /// <summary>Keeps the size if the image still fits on it, else takes the smallest that can be had.</summary>
    private void SettleSize()
    {
        if (
            Size is null
            || (
                Image is { } image
                && (Begin is null ? image.WhyNotOn(Size.Size) : image.WhyNotFit(Size.Size) ?? Begin.WhyNotRestoreTo(Size.Size.DiskGiB))
                    is not null
            )
        )
        {
            Form.SizeId =
                Catalogue.Sizes.FirstOrDefault(offer => Catalogue.WhyNot(offer.Size, Image, 1, Begin) is null)?.Size.Id
                ?? Catalogue.Sizes[0].Size.Id;
        }
    }
}
