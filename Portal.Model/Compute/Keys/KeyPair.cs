using System.ComponentModel.DataAnnotations;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>The public half of a customer's SSH key. The private half never reaches Portal.</summary>
public sealed class KeyPair : Resource
{
    public const string Gone = "There is no such key any more: choose another.";

    /// <summary>One OpenSSH line: type, base64 and, optionally, a comment.</summary>
    [MaxLength(16384)]
    public required string PublicKey { get; init; }

    /// <summary><c>SHA256:…</c>, as ssh-keygen prints it.</summary>
    [MaxLength(64)]
    public required string Fingerprint { get; init; }
}
