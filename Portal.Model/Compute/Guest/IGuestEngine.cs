namespace Portal.Model.Compute;

/// <summary>
/// What the engine can ask of the agent inside a running guest. Each verb can be repeated. <see cref="Shared.EngineFault.Unavailable"/> if
/// the agent does not answer, <see cref="Shared.EngineFault.Rejected"/> if it or the guest will not,
/// <see cref="Shared.EngineFault.Missing"/> if there is no such machine. What the guest itself says about it is in none of these: it is a
/// customer's program, and would write into the operators' log.
/// </summary>
public interface IGuestEngine
{
    /// <param name="hash">As crypt(3) makes it: the guest never sees the password, nor does the engine.</param>
    Task SetPasswordAsync(string instanceId, string user, string hash, CancellationToken ct);

    /// <summary>Lets one more key open the guest, and another one no longer. Those that people put there by hand stay.</summary>
    /// <param name="publicKey">One OpenSSH line.</param>
    /// <param name="former">The key that is taken away; null for none.</param>
    Task SetKeyAsync(string instanceId, string user, string publicKey, string? former, CancellationToken ct);
}
