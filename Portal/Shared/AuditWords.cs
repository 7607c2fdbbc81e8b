using System.Globalization;
using System.Text.RegularExpressions;
using Portal.Accounts;
using Portal.Model.Buckets;

namespace Portal.Shared;

/// <summary>
/// What the audit and the lists of events say in words: the verbs, and the names and values of what they changed. The rows keep the verbs
/// that users of EC2 and S3 know.
/// </summary>
public static partial class AuditWords
{
    private static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        ["SignUp"] = "Signed up",
        ["ConfirmEmail"] = "Confirmed the e-mail address",
        [nameof(SecurityEvent.SignIn)] = "Signed in",
        [nameof(SecurityEvent.FailedSignIn)] = "Wrong password at the sign-in",
        [nameof(SecurityEvent.ThrottledSignIn)] = "Sign-in refused after too many attempts",
        [nameof(SecurityEvent.FailedCode)] = "Wrong code of the second factor",
        [nameof(SecurityEvent.ThrottledCode)] = "Code refused after too many attempts",
        [nameof(SecurityEvent.FailedPasskey)] = "A passkey was refused",
        [nameof(SecurityEvent.FailedProof)] = "Wrong password in the settings",
        [nameof(SecurityEvent.ThrottledProof)] = "Password refused after too many attempts",
        [nameof(SecurityEvent.SignOut)] = "Signed out",
        [nameof(SecurityEvent.RevokeSession)] = "Ended a session",
        [nameof(SecurityEvent.RevokeOtherSessions)] = "Ended all other sessions",
        [nameof(SecurityEvent.AskPasswordReset)] = "Asked for a new password by mail",
        [nameof(SecurityEvent.ResetPassword)] = "Chose a new password by mail",
        [nameof(SecurityEvent.FailedReset)] = "A link for a new password was refused",
        [nameof(SecurityEvent.ChangePassword)] = "Changed the password",
        [nameof(SecurityEvent.EnableSecondFactor)] = "Turned the second factor on",
        [nameof(SecurityEvent.DisableSecondFactor)] = "Turned the second factor off",
        [nameof(SecurityEvent.NewRecoveryCodes)] = "Made new recovery codes",
        [nameof(SecurityEvent.KeepSecondFactor)] = "Kept the second factor that was to be removed",
        [nameof(SecurityEvent.RemoveLostSecondFactor)] = "Removed the lost second factor",
        [nameof(SecurityEvent.AddPasskey)] = "Added a passkey",
        [nameof(SecurityEvent.RemovePasskey)] = "Removed a passkey",
        [nameof(SecurityEvent.AskAddressChange)] = "Asked for another e-mail address",
        [nameof(SecurityEvent.ChangeAddress)] = "Changed the e-mail address",
        [nameof(SecurityEvent.UndoAddressChange)] = "Took back the change of the e-mail address",
        [nameof(SecurityEvent.UndoFactorChange)] = "Took back a change of the second factor or the passkeys",
        [nameof(SecurityEvent.CreateOperator)] = "Was made an operator",
        [nameof(SecurityEvent.ResetOperatorFactor)] = "Lost the second factor, taken away on the machine",
        [nameof(SecurityEvent.AccessDenied)] = "Refused a page for operators",
        [nameof(SecurityEvent.ForeignOrigin)] = "Refused what another site asked for",
        [nameof(SecurityEvent.OddRequest)] = "Refused what no page of Portal sends",
        ["RunInstances"] = "Created the instance",
        ["StartInstances"] = "Started the instance",
        ["StopInstances"] = "Stopped the instance",
        ["RebootInstances"] = "Rebooted the instance",
        ["RescueInstances"] = "Booted the instance into rescue",
        ["LeaveRescueInstances"] = "Left rescue",
        ["TerminateInstances"] = "Deleted the instance",
        ["ModifyInstanceAttribute"] = "Changed the instance",
        ["CreateReplaceRootVolumeTask"] = "Rebuilt the instance",
        ["ObserveInstance"] = "The instance changed by itself",
        ["OpenConsole"] = "Opened the console",
        ["SetInstancePassword"] = "Set a password in the instance",
        ["SetInstanceKey"] = "Added a key in the instance",
        ["CreateTags"] = "Changed the tags",
        ["ImportKeyPair"] = "Added an SSH key",
        ["DeleteKeyPair"] = "Deleted an SSH key",
        ["RegisterImage"] = "Added an image",
        ["ModifyImageAttribute"] = "Changed the image",
        ["DeregisterImage"] = "Deleted the image",
        ["CreateImage"] = "Created an image",
        ["CreateVolume"] = "Created the volume",
        ["AttachVolume"] = "Attached the volume",
        ["DetachVolume"] = "Detached the volume",
        ["ModifyVolume"] = "Grew the volume",
        ["RenameVolume"] = "Renamed the volume",
        ["DeleteVolume"] = "Deleted the volume",
        ["ObserveVolume"] = "The volume changed by itself",
        ["CreateSnapshot"] = "Took a snapshot",
        ["RenameSnapshot"] = "Renamed the snapshot",
        ["DeleteSnapshot"] = "Deleted the snapshot",
        ["CreateLifecyclePolicy"] = "Turned backups on",
        ["UpdateLifecyclePolicy"] = "Changed the backups",
        ["DeleteLifecyclePolicy"] = "Turned backups off",
        ["CreateVpc"] = "Created the network",
        ["ModifyVpcAttribute"] = "Changed the network",
        ["DeleteVpc"] = "Deleted the network",
        ["CreateSubnet"] = "Added a subnet",
        ["DeleteSubnet"] = "Deleted a subnet",
        ["CreateNatGateway"] = "Turned Internet access on",
        ["DeleteNatGateway"] = "Turned Internet access off",
        ["CreateVpcPeeringConnection"] = "Added a peering",
        ["DeleteVpcPeeringConnection"] = "Removed a peering",
        ["CreateSecurityGroup"] = "Created the security group",
        ["ModifySecurityGroup"] = "Renamed the security group",
        ["ModifySecurityGroupRules"] = "Changed the rules",
        ["DeleteSecurityGroup"] = "Deleted the security group",
        ["AttachNetworkInterface"] = "Attached a network interface",
        ["DetachNetworkInterface"] = "Detached a network interface",
        ["ModifyNetworkInterfaceAttribute"] = "Changed a network interface's groups",
        ["AllocateAddress"] = "Allocated a public address",
        ["AssociateAddress"] = "Assigned the public address",
        ["DisassociateAddress"] = "Unassigned the public address",
        ["ModifyAddressAttribute"] = "Changed the forwarded ports",
        ["ReleaseAddress"] = "Released the public address",
        ["CreateBucket"] = "Created the bucket",
        ["DeleteBucket"] = "Deleted the bucket",
        ["ObserveBucket"] = "The bucket was changed with another tool",
        ["PutBucketQuota"] = "Changed the bucket's quota",
        ["PutBucketPolicy"] = "Changed the bucket's policy",
        ["PutBucketCors"] = "Changed the CORS rules",
        ["PutBucketVersioning"] = "Changed versioning",
        ["PutBucketLifecycle"] = "Changed the lifecycle rules",
        ["PutBucketWebsite"] = "Turned the website on",
        ["DeleteBucketWebsite"] = "Turned the website off",
        ["DeleteObjects"] = "Deleted objects",
        ["MoveObjects"] = "Moved objects",
        ["CancelObjectOperation"] = "Cancelled a change of objects",
        ["RestoreObject"] = "Restored an object",
        ["DeleteObjectVersion"] = "Deleted an object's version",
        ["PutObjectHeaders"] = "Changed an object's headers",
        ["ShareObject"] = "Shared an object",
        ["CreateAccessKey"] = "Created an access key",
        ["RotateAccessKey"] = "Rotated the access key",
        ["DeleteAccessKey"] = "Deleted the access key",
        ["CreateObjectStoreUser"] = "Opened the object storage",
        ["DeleteObjectStoreUser"] = "Closed the object storage",
        ["OpenBuckets"] = "Opened the buckets again",
        ["CloseBuckets"] = "Stopped public downloads",
        ["PutAlarm"] = "Saved an alert",
        ["DeleteAlarm"] = "Deleted an alert",
        ["AlarmFired"] = "An alert fired",
        ["AlarmRecovered"] = "An alert recovered",
        ["BeginCardSetup"] = "Began adding a card",
        ["AbandonCard"] = "Left the card page",
        ["AttachCard"] = "Added a card",
        ["DetachCard"] = "Removed a card",
        ["RefuseCard"] = "A card was refused",
        ["RenewCard"] = "A card was renewed",
        ["SetDefaultCard"] = "Changed the default card",
        ["CreateStripeCustomer"] = "Opened the billing account",
        ["CloseAccount"] = "Closed the account",
        ["ObserveAccount"] = "The account closed",
        ["SuspendAccount"] = "Suspended the account",
        ["ResumeAccount"] = "Lifted the suspension",
        ["EraseAudit"] = "Erased personal data from the audit",
        ["RenamePasskey"] = "Renamed a passkey",
        ["SetTrustStep"] = "Changed the trust step",
        ["SetOperatorRole"] = "Changed an operator's role",
        ["RevokeOperatorSessions"] = "Ended an operator's sessions",
        ["AnnounceFactorRemoval"] = "Announced that the second factor can be removed",
        ["WithdrawFactorRemoval"] = "Withdrew the removal of the second factor",
        ["AllowOutboundMail"] = "Allowed outbound mail",
        ["DenyOutboundMail"] = "Blocked outbound mail",
        ["PutObjectStore"] = "Entered an object store",
        ["ModifyObjectStore"] = "Changed the object store",
        ["CancelObjectStore"] = "Withdrew the object store",
        ["Reconcile"] = "Reconciled after a restore",
    };

    /// <summary>Names of what was changed that say it wrongly when they are only taken apart.</summary>
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["AccessKeyId"] = "Access key ID",
        ["AdminKeyId"] = "Admin key ID",
        ["AllUnder"] = "Everything under",
        ["DownloadGiB"] = "Downloads, GiB",
        ["For"] = "Reason",
        ["Groups"] = "Security groups",
        ["Id"] = "ID",
        ["Index"] = "Index page",
        ["Error"] = "Error page",
        ["Interface"] = "Network interface",
        ["Mail"] = "Outbound mail",
        ["Nat"] = "Internet access",
        ["Rights"] = "Permissions",
        ["QuotaGiB"] = "Quota, GiB",
        ["VersionId"] = "Version",
        ["Why"] = "Reason",
    };

    private static readonly Dictionary<(string Name, string Value), string> Values = new()
    {
        [("Rights", nameof(KeyRights.ReadWrite))] = "read and write",
        [("Rights", nameof(KeyRights.ReadOnly))] = "read only",
    };

    /// <summary>Whether a person can look for a resource by its id: neither a bare number nor what Stripe calls a card.</summary>
    public static bool IsResource(string id) => !Guid.TryParse(id, out _) && !StripeId().IsMatch(id);

    public static bool Has(string action) => Words.ContainsKey(action);

    public static string Of(string action) => Words.GetValueOrDefault(action, action);

    /// <summary>The name of what was changed: <c>RemovedPasskeys</c> is <c>Removed passkeys</c>.</summary>
    public static string Name(string name) =>
        Names.GetValueOrDefault(name) ?? WithinName().Replace(name, match => $" {match.Value.ToLowerInvariant()}");

    /// <summary>What it was changed to, as a person reads it: a moment without its fractions, what has a word by that word.</summary>
    public static string Value(string name, string value) =>
        Values.TryGetValue((name, value), out var words) ? words
        : Moment().IsMatch(value)
        && DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? Format.Time(at.ToUniversalTime())
        : value;

    [GeneratedRegex("(?<=[a-z])[A-Z](?=[a-z])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WithinName();

    [GeneratedRegex("^(pm|cus|seti|si|cs|in|pi)_", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex StripeId();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Moment();
}
