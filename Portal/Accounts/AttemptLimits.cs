using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.RateLimiting;
using Portal.Model.Accounts;

namespace Portal.Accounts;

/// <summary>
/// How often anonymous forms may be sent, whichever web process they reach: per remote network by the middleware, and per e-mail address,
/// known or not, and network by the pages. Settings <c>Accounts:PostsPerMinute</c> and <c>Accounts:PostsPerEmail</c> (in five minutes).
/// What each of these leaves to somebody who makes an account for every try is limited per network and hour:
/// <c>Accounts:SignUpsPerNetwork</c> and <c>Accounts:CardsPerNetwork</c>.
/// </summary>
public sealed class AttemptLimits(IConfiguration configuration, ILookupNormalizer normalizer, Throttles throttles)
{
    /// <summary>Name of the policy for pages with a form for strangers, or with one that a mailed link leads to.</summary>
    public const string AnonymousForm = "anonymous-form";

    /// <summary>
    /// Of a form that a stranger may send, in bytes. A passkey's answer is the longest thing in one, with a few thousand.
    /// </summary>
    public const int LargestForm = 64 * 1024;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>Of one network with one address: what a stranger sends elsewhere takes nothing from its owner.</summary>
    /// <param name="email">An address as typed: all its spellings are one.</param>
    public Task<bool> TryTakeAsync(string email, IPAddress? from, CancellationToken ct) =>
        throttles.TryTakeAsync(
            $"address {Networks.Of(from)} {normalizer.NormalizeEmail(email.Trim())}",
            configuration.GetValue("Accounts:PostsPerEmail", 20),
            TimeSpan.FromMinutes(5),
            ct
        );

    /// <summary>Before an account is made.</summary>
    public Task<bool> TryTakeSignUpAsync(IPAddress? from, CancellationToken ct) =>
        throttles.TryTakeAsync($"sign-up {Networks.Of(from)}", configuration.GetValue("Accounts:SignUpsPerNetwork", 30), Hour, ct);

    /// <summary>Before a page to enter a card is opened: each leads to a verdict of a bank.</summary>
    public Task<bool> TryTakeCardAsync(IPAddress? from, CancellationToken ct) =>
        throttles.TryTakeAsync($"card {Networks.Of(from)}", configuration.GetValue("Accounts:CardsPerNetwork", 30), Hour, ct);

    internal static void Configure(RateLimiterOptions options, IConfiguration configuration)
    {
        options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        var perMinute = configuration.GetValue("Accounts:PostsPerMinute", 60);
        RateLimitPartition<string> PerNetwork(HttpContext http, string policy)
        {
            var throttles = http.RequestServices.GetRequiredService<Throttles>();
            var log = http.RequestServices.GetRequiredService<ILogger<SharedLimiter>>();
            return RateLimitPartition.Get(
                Networks.Of(http.Connection.RemoteIpAddress),
                network => new SharedLimiter(throttles, $"{policy} {network}", perMinute, TimeSpan.FromMinutes(1), log)
            );
        }

        options.AddPolicy(
            AnonymousForm,
            http => HttpMethods.IsPost(http.Request.Method) ? PerNetwork(http, AnonymousForm) : RateLimitPartition.GetNoLimiter("")
        );
    }
}
