using Microsoft.AspNetCore.DataProtection;

namespace Portal.Model.Compute;

/// <summary>Seals what is on its way to a guest with the key ring that web and worker share.</summary>
public sealed class GuestSecrets(IDataProtectionProvider keys)
{
    /// <summary>Of a password's hash.</summary>
    public IDataProtector Hash { get; } = keys.CreateProtector("Portal.Compute.GuestPassword");
}
