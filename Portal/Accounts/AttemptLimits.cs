using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.RateLimiting;

namespace Portal.Accounts;

/// <summary>
/// How often anonymous forms may be sent: per remote network by the middleware, and per e-mail address, known or not, by the pages.
/// Settings <c>Accounts:PostsPerMinute</c> and <c>Accounts:PostsPerEmail</c> (in five minutes). What each of these leaves to somebody who
/// makes an account for every try is limited per network and hour: <c>Accounts:SignUpsPerNetwork</c> and <c>Accounts:CardsPerNetwork</c>.
/// </summary>
public sealed class AttemptLimits(IConfiguration configuration, ILookupNormalizer normalizer) : IDisposable
{
    /// <summary>Name of the policy for pages with a form for strangers.</summary>
    public const string AnonymousForm = "anonymous-form";

    /// <summary>Name of the policy for pages that already do something when they are opened by a mailed link.</summary>
    public const string MailedLink = "mailed-link";

    /// <summary>Of a form that a stranger may send, in bytes. A passkey's answer is the longest thing in one, with a few thousand.</summary>
    public const int LargestForm = 64 * 1024;

    private readonly PartitionedRateLimiter<string> perEmail = PartitionedRateLimiter.Create<string, string>(email =>
        RateLimitPartition.GetSlidingWindowLimiter(email, _ => Window(configuration.GetValue("Accounts:PostsPerEmail", 20), TimeSpan.FromMinutes(5))));

    private readonly PartitionedRateLimiter<string> signUps = PartitionedRateLimiter.Create<string, string>(network =>
        RateLimitPartition.GetSlidingWindowLimiter(network, _ => Window(configuration.GetValue("Accounts:SignUpsPerNetwork", 30), TimeSpan.FromHours(1))));

    private readonly PartitionedRateLimiter<string> cards = PartitionedRateLimiter.Create<string, string>(network =>
        RateLimitPartition.GetSlidingWindowLimiter(network, _ => Window(configuration.GetValue("Accounts:CardsPerNetwork", 30), TimeSpan.FromHours(1))));

    /// <param name="email">An address as typed, or a name of something else that is counted.</param>
    public bool TryTake(string email) => TryTake(perEmail, KeyOf(email));

    /// <summary>Before an account is made.</summary>
    public bool TryTakeSignUp(IPAddress? from) => TryTake(signUps, Network(from));

    /// <summary>Before a page to enter a card is opened: each leads to a verdict of a bank.</summary>
    public bool TryTakeCard(IPAddress? from) => TryTake(cards, Network(from));

    public void Dispose()
    {
        perEmail.Dispose();
        signUps.Dispose();
        cards.Dispose();
    }

    internal static void Configure(RateLimiterOptions options, IConfiguration configuration)
    {
        options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        var perMinute = configuration.GetValue("Accounts:PostsPerMinute", 60);
        RateLimitPartition<string> PerNetwork(HttpContext http) =>
            RateLimitPartition.GetSlidingWindowLimiter(Network(http.Connection.RemoteIpAddress), _ => Window(perMinute, TimeSpan.FromMinutes(1)));
        options.AddPolicy(AnonymousForm, http => HttpMethods.IsPost(http.Request.Method) ? PerNetwork(http) : RateLimitPartition.GetNoLimiter(""));
        options.AddPolicy(MailedLink, PerNetwork);
    }

    private static bool TryTake(PartitionedRateLimiter<string> limiter, string key)
    {
        using var lease = limiter.AttemptAcquire(key);
        return lease.IsAcquired;
    }

    // The limiter remembers its keys for minutes: a hash, so that nobody fills the memory with long ones. Normalized as addresses are
    // compared, or one address would have as many budgets as it has spellings.
    private string KeyOf(string text) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(normalizer.NormalizeEmail(text.Trim())!)));

    // One customer of an IPv6 provider has at least a /64 to himself.
    private static string Network(IPAddress? address) => address switch
    {
        null => "",
        { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false } => Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)),
        _ => address.MapToIPv4().ToString(),
    };

    private static SlidingWindowRateLimiterOptions Window(int permits, TimeSpan window) =>
        new() { PermitLimit = permits, Window = window, SegmentsPerWindow = 6, QueueLimit = 0 };
}
