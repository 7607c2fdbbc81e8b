using System.Collections.Frozen;
using System.Net;

namespace Portal.Model.Shared;

/// <summary>
/// What browsers take for one site: everything below one name that somebody can register, whatever the port. Pages of one site send each
/// other's cookies along. https://html.spec.whatwg.org/multipage/browsers.html#same-site
/// </summary>
public static class Site
{
    private static readonly Lazy<FrozenSet<string>> Suffixes = new(Read);

    /// <summary>
    /// Whether the two hosts are of one site. Addresses in numbers are only their own; all names of this machine are one.
    /// </summary>
    public static bool IsSame(string host, string other) => string.Equals(Of(host), Of(other), StringComparison.Ordinal);

    /// <summary>
    /// The name that was registered, e.g. <c>example.co.uk</c> of <c>s3.eu.example.co.uk</c>; the host itself where none can be.
    /// </summary>
    public static string Of(string host)
    {
        var name = host.Trim().TrimEnd('.').ToLowerInvariant();
        if (IpText.TryAddress(name.Trim('[', ']'), out var typed))
        {
            return Of(typed);
        }

        // Browsers go to 8.0.0.1 for 010.0.0.1, and to the ASCII form of a name.
        var meantHost = new Uri($"http://{name}").IdnHost;
        if (IpText.TryAddress(meantHost, out var meant))
        {
            return Of(meant);
        }

        var labels = meantHost.Split('.');
        if (labels[^1] is "localhost")
        {
            return "localhost";
        }

        var suffix = LengthOfSuffix(labels);
        return string.Join('.', labels[Math.Max(0, labels.Length - suffix - 1)..]);
    }

    private static string Of(IPAddress address) => IPAddress.IsLoopback(address) ? "localhost" : address.ToString();

    /// <summary>In labels, by the list's own algorithm: an exception wins, else the longest rule, else the last label alone.</summary>
    private static int LengthOfSuffix(string[] labels)
    {
        for (var length = labels.Length; length > 1; length--)
        {
            var tail = labels[^length..];
            if (Suffixes.Value.Contains($"!{string.Join('.', tail)}"))
            {
                return length - 1;
            }

            if (Suffixes.Value.Contains(string.Join('.', tail)) || Suffixes.Value.Contains($"*.{string.Join('.', tail[1..])}"))
            {
                return length;
            }
        }

        return 1;
    }

    private static FrozenSet<string> Read()
    {
        using var stream = typeof(Site).Assembly.GetManifestResourceStream("public-suffixes.txt")!;
        using var reader = new StreamReader(stream);
        return reader
            .ReadToEnd()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith("//", StringComparison.Ordinal))
            .ToFrozenSet(StringComparer.Ordinal);
    }
}
