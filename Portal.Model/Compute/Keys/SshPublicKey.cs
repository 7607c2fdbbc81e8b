using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Portal.Model.Shared;

namespace Portal.Model.Compute;

/// <summary>
/// The public half of an SSH key, as one OpenSSH line without options: type, base64, comment. Only what can be decoded and is strong
/// enough gets in. Formats: RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4, and of keys whose private half is in a FIDO device
/// https://cvsweb.openbsd.org/src/usr.bin/ssh/PROTOCOL.u2f
/// </summary>
/// <param name="Line">The line as it is stored: one space between its parts, no line end.</param>
/// <param name="Fingerprint"><c>SHA256:…</c>, as ssh-keygen prints it.</param>
public sealed record SshPublicKey(string Line, string Type, string Comment, string Fingerprint)
{
    public const int MinRsaBits = 2048;
    public const int MaxRsaBits = 16384;

    private const string Ed25519InDevice = "sk-ssh-ed25519@openssh.com",
        EcdsaInDevice = "sk-ecdsa-sha2-nistp256@openssh.com";

    private const int MaxLength = 16384;

    public static Outcome<SshPublicKey> Parse(string? text)
    {
        var line = (text ?? "").Trim();
        if (SshKeyPaste.WhyNot(line) is { } other)
        {
            return Refusal.Invalid(other);
        }

        if (WhyNotOneLine(line) is { } reason)
        {
            return Refusal.Invalid(reason);
        }

        var parts = line.Split([' ', '\t'], 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (SshKeyPaste.WhyNotCharacters(parts) is { } hidden)
        {
            return Refusal.Invalid(hidden);
        }

        if (!IsKnown(parts[0]))
        {
            return Refusal.Invalid(
                "A key begins with ssh-ed25519, ecdsa-sha2-nistp256, -nistp384, -nistp521, ssh-rsa, or for a FIDO device with sk-ssh-ed25519@openssh.com or sk-ecdsa-sha2-nistp256@openssh.com; options before it are not taken."
            );
        }

        var blob = new byte[line.Length];
        if (parts.Length < 2 || !Convert.TryFromBase64String(parts[1], blob, out var length))
        {
            return Refusal.Invalid("The key's second part is not base64: was the line copied whole?");
        }

        if (WhyNot(parts[0], blob.AsSpan(0, length)) is { } problem)
        {
            return Refusal.Invalid(problem);
        }

        var comment = parts.Length > 2 ? parts[2] : "";
        var fingerprint = "SHA256:" + Convert.ToBase64String(SHA256.HashData(blob.AsSpan(0, length))).TrimEnd('=');
        return new SshPublicKey(string.Join(' ', parts), parts[0], comment, fingerprint);
    }

    private static string? WhyNotOneLine(string line) =>
        line switch
        {
            "" => "Paste the public key: the one line of a file that ends in .pub.",
            _ when line.Length > MaxLength => $"The key is longer than {MaxLength:N0} characters.",
            _ when line.AsSpan().ContainsAny('\r', '\n') => "One key, please: this is more than one line.",
            _ when line.Any(c => char.IsControl(c) && c != '\t') => "The key holds a control character.",
            _ => null,
        };

    private static bool IsKnown(string type) =>
        type
            is "ssh-ed25519"
                or "ssh-rsa"
                or "ecdsa-sha2-nistp256"
                or "ecdsa-sha2-nistp384"
                or "ecdsa-sha2-nistp521"
                or Ed25519InDevice
                or EcdsaInDevice;

    private static string? WhyNot(string type, ReadOnlySpan<byte> blob)
    {
        const string damaged = "The key is damaged: was the line copied whole?";
        if (!TryRead(ref blob, out var inner) || !Encoding.ASCII.GetString(inner).Equals(type, StringComparison.Ordinal))
        {
            return damaged;
        }

        return type switch
        {
            "ssh-ed25519" => TryRead(ref blob, out var point) && point.Length == 32 && blob.IsEmpty ? null : damaged,
            "ssh-rsa" => WhyNotRsa(blob, damaged),
            Ed25519InDevice => TryRead(ref blob, out var point) && point.Length == 32 && IsApplication(blob) ? null : damaged,
            EcdsaInDevice => IsOnCurve("nistp256", ref blob) && IsApplication(blob) ? null : damaged,
            _ => IsOnCurve(type["ecdsa-sha2-".Length..], ref blob) && blob.IsEmpty ? null : damaged,
        };
    }

    private static string? WhyNotRsa(ReadOnlySpan<byte> blob, string damaged)
    {
        if (!TryRead(ref blob, out var e) || !TryRead(ref blob, out var n) || !blob.IsEmpty)
        {
            return damaged;
        }

        BigInteger exponent = new(e, isBigEndian: true),
            modulus = new(n, isBigEndian: true);
        if (modulus.Sign <= 0 || modulus.IsEven || exponent < 3 || exponent.IsEven)
        {
            return damaged;
        }

        return modulus.GetBitLength() switch
        {
            < MinRsaBits and var bits =>
                $"This RSA key has {bits} bits; at least {MinRsaBits:N0} are needed. Better: ssh-keygen -t ed25519",
            > MaxRsaBits => $"An RSA key may have at most {MaxRsaBits:N0} bits.",
            _ => null,
        };
    }

    /// <summary>Whom the device signs for: “ssh:” and perhaps more, in ASCII.</summary>
    private static bool IsApplication(ReadOnlySpan<byte> blob) =>
        TryRead(ref blob, out var application)
        && blob.IsEmpty
        && application.Length > 0
        && !application.ContainsAnyExceptInRange((byte)0x20, (byte)0x7e);

    private static bool IsOnCurve(string expected, ref ReadOnlySpan<byte> blob)
    {
        var (curve, size) = expected[^3..] switch
        {
            "256" => (ECCurve.NamedCurves.nistP256, 32),
            "384" => (ECCurve.NamedCurves.nistP384, 48),
            _ => (ECCurve.NamedCurves.nistP521, 66),
        };
        if (
            !TryRead(ref blob, out var name)
            || !Encoding.ASCII.GetString(name).Equals(expected, StringComparison.Ordinal)
            || !TryRead(ref blob, out var q)
            || q.Length != 1 + (2 * size)
            || q[0] != 4
        )
        {
            return false;
        }

        try
        {
            // Importing checks that the point lies on the curve.
            using var key = ECDsa.Create(
                new ECParameters
                {
                    Curve = curve,
                    Q = new ECPoint { X = q[1..(size + 1)].ToArray(), Y = q[(size + 1)..].ToArray() },
                }
            );
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Takes one length-prefixed string off the front (RFC 4251 §5).</summary>
    private static bool TryRead(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!BinaryPrimitives.TryReadUInt32BigEndian(rest, out var length) || length > rest.Length - 4)
        {
            return false;
        }

        value = rest.Slice(4, (int)length);
        rest = rest[(4 + (int)length)..];
        return true;
    }
}
