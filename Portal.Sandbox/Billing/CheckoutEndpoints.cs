using Microsoft.AspNetCore.Http.HttpResults;

namespace Portal.Sandbox.Billing;

internal static class CheckoutEndpoints
{
    public static void MapCheckout(this WebApplication app)
    {
        app.MapGet("/checkout/{id}", (string id, CheckoutDesk desk) => Show(desk, desk.Look(id), entered: null));
        app.MapPost(
            "/checkout/{id}",
            async Task<IResult> (string id, HttpRequest request, CheckoutDesk desk, CancellationToken ct) =>
            {
                var form = await request.ReadFormAsync(ct);
                var entered = new EnteredCard(
                    form["name"].ToString().Trim(),
                    form["number"].ToString().Trim(),
                    form["expiry"].ToString().Trim(),
                    form["cvc"].ToString().Trim()
                );
                return Show(desk, desk.Submit(id, entered), entered);
            }
        );
        app.MapGet(
            "/checkout/{id}/authenticate",
            IResult (string id, CheckoutDesk desk) =>
                desk.IsAuthenticating(id)
                    ? new RazorComponentResult<AuthenticatePage>(new { Id = id })
                    : Results.Redirect($"/checkout/{id}")
        );
        app.MapPost(
            "/checkout/{id}/authenticate",
            async Task<IResult> (string id, HttpRequest request, CheckoutDesk desk, CancellationToken ct) =>
                Show(desk, desk.Authenticate(id, (await request.ReadFormAsync(ct))["outcome"] == "complete"), entered: null)
        );
    }

    private static IResult Show(CheckoutDesk desk, CheckoutStep step, EnteredCard? entered)
    {
        if (step.GoTo is { } address)
        {
            return new SeeOther(address);
        }

        if (step.Session is not { Status: "open" } session)
        {
            return new RazorComponentResult<CheckoutOverPage>(new { step.Session })
            {
                StatusCode = step.Session is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK,
            };
        }

        var problems =
            step.Problems
            ?? (desk.LastProblem(session) is { } last ? new Dictionary<string, string>(StringComparer.Ordinal) { ["card"] = last } : []);
        return new RazorComponentResult<CheckoutPage>(
            new
            {
                Session = session,
                Entered = entered,
                Problems = problems,
            }
        );
    }

    /// <summary>303: the answer to a POST is found elsewhere by GET.</summary>
    private sealed class SeeOther(string address) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = address;
            return Task.CompletedTask;
        }
    }
}
