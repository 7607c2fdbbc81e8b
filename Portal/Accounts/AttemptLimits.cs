using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;

namespace Portal.Accounts;

/// <summary>
/// How often anonymous forms may be sent: per remote address by the middleware, and per e-mail address, known or not, by the pages.
/// Settings <c>Accounts:PostsPerMinute</c> and <c>Accounts:PostsPerEmail</c> (in five minutes).
/// </summary>
public sealed class AttemptLimits(IConfiguration configuration) : IDisposable
{
    /// <summary>Name of the policy for the pages' attribute.</summary>
    public const string AnonymousForm = "anonymous-form";

    private readonly PartitionedRateLimiter<string> perEmail = PartitionedRateLimiter.Create<string, string>(email =>
        RateLimitPartition.GetSlidingWindowLimiter(email, _ => Window(configuration.GetValue("Accounts:PostsPerEmail", 20), TimeSpan.FromMinutes(5))));

    public bool TryTake(string email)
    {
        using var lease = perEmail.AttemptAcquire(email.Trim().ToUpperInvariant());
        return lease.IsAcquired;
    }

    public void Dispose() => perEmail.Dispose();

    internal static void Configure(RateLimiterOptions options, IConfiguration configuration)
    {
        options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        var perMinute = configuration.GetValue("Accounts:PostsPerMinute", 60);
        options.AddPolicy(AnonymousForm, http => HttpMethods.IsPost(http.Request.Method)
            ? RateLimitPartition.GetSlidingWindowLimiter(Network(http.Connection.RemoteIpAddress), _ => Window(perMinute, TimeSpan.FromMinutes(1)))
            : RateLimitPartition.GetNoLimiter(""));
    }

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
