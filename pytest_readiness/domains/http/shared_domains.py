"""Domains below which everyone can have a name: of clouds, of hosts of sites, and of tunnels.

Most of them are in the private part of the Public Suffix List, which is too long to be carried along.
"""

from __future__ import annotations

import re

_DOMAINS = (
    *("a.run.app", "akamaized.net", "amplifyapp.com", "app.github.dev", "appspot.com", "awsapprunner.com"),
    *("azurecontainerapps.io", "azureedge.net", "azurefd.net", "azurestaticapps.net", "azurewebsites.net"),
    *("b-cdn.net", "backblazeb2.com", "blogspot.com", "cloudapp.azure.com", "cloudapp.net", "cloudfront.net"),
    *("cloudfunctions.net", "codesandbox.io", "csb.app", "deno.dev", "deno.net", "devtunnels.ms"),
    *("digitaloceanspaces.com", "duckdns.org", "edgecompute.app", "edgekey.net", "elasticbeanstalk.com"),
    *("fastly.net", "fastlylb.net", "firebaseapp.com", "fly.dev", "github.io", "githubpreview.dev"),
    *("githubusercontent.com", "gitlab.io", "gitpod.io", "glitch.me", "global.ssl.fastly.net", "herokuapp.com"),
    *("koyeb.app", "linodeobjects.com", "loca.lt", "myshopify.com", "netlify.app", "ngrok-free.app"),
    *("ngrok-free.dev", "ngrok.app", "ngrok.dev", "ngrok.io", "nip.io", "now.sh", "ondigitalocean.app"),
    *("onrender.com", "pages.dev", "r.appspot.com", "r2.dev", "railway.app", "repl.co", "replit.app", "replit.dev"),
    *("run.app", "squarespace.com", "sslip.io", "stackblitz.io", "supabase.co", "surge.sh", "trafficmanager.net"),
    *("translate.goog", "trycloudflare.com", "ts.net", "up.railway.app", "usercontent.goog", "vercel.app"),
    *("vercel.dev", "web.app", "webcontainer.io", "webflow.io", "weebly.com", "wixsite.com", "wordpress.com"),
    *("workers.dev", "wpengine.com", "wpenginepowered.com"),
    *("bitbucket.io", "bubbleapps.io", "carrd.co", "cdn77.org", "code.run", "framer.app", "framer.website"),
    *("gitbook.io", "hashnode.dev", "hf.space", "imgix.net", "kxcdn.com", "lovable.app", "lovableproject.com"),
    *("mystrikingly.com", "notion.site", "public.blob.vercel-storage.com", "r2.cloudflarestorage.com"),
    *("readthedocs.io", "storage.googleapis.com", "streamlit.app", "tumblr.com", "zeabur.app"),
)
_WITH_REGIONS = (
    r"((s3|s3-website|execute-api|elb|compute|lambda-url)([.-][a-z]{2}(-[a-z]+){1,2}-\d)?\.)?(amazonaws\.com|on\.aws)"
    r"|(z\d+\.)?(blob|web|dfs|file)\.core\.windows\.net|[a-z0-9-]+\.(cloudapp\.azure\.com|digitaloceanspaces\.com)"
    r"|[a-z0-9-]+\.(azurewebsites|azurestaticapps)\.net|s3\.[a-z]{2}-[a-z]{3}\.scw\.cloud"
    r"|s3\.([a-z0-9-]+\.)?wasabisys\.com|[a-z0-9]+\.your-objectstorage\.com|oss-[a-z0-9-]+\.aliyuncs\.com"
    r"|cos\.[a-z0-9-]+\.myqcloud\.com"
)
SHARED = f"{'|'.join(map(re.escape, _DOMAINS))}|{_WITH_REGIONS}"
"""The expression of them all."""
